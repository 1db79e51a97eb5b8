import Addressing
import Configuration
import Policy
import Testing

@Suite struct EgressPolicyTests {
  @Test func `a rule has a mode, a rate limit and a word on encrypted hellos of its own`() throws {
    let rules = try document(
      """
      workspaceId: w
      egress:
        allowlist:
          - hostPattern: a.example
            enforcementMode: monitor
            rateLimit: {perSecond: 2.5, burst: 7}
            allowEncryptedClientHello: true
          - {hostPattern: b.example, enforcementMode: enforce, allowEncryptedClientHello: false}
          - {hostPattern: c.example, rateLimit: {perSecond: 0.000000001}}
          - {hostPattern: d.example, rateLimit: {perSecond: 1000000}}
          - {hostPattern: e.example, rateLimit: {perSecond: 2.000000001}}
          - hostPattern: f.example
      """
    ).egress.rules
    #expect(rules.map(\.enforcementMode) == [.monitor, .enforce, nil, nil, nil, nil])
    #expect(rules.map(\.allowsEncryptedClientHello) == [true, false, nil, nil, nil, nil])
    #expect(
      rules.map(\.rateLimit) == [
        RateLimit(billionthsPerSecond: 2_500_000_000, burst: 7), nil,
        RateLimit(billionthsPerSecond: 1, burst: 1),
        RateLimit(perSecond: 1_000_000, burst: 1_000_000),
        RateLimit(billionthsPerSecond: 2_000_000_001, burst: 3), nil,
      ])
  }

  @Test(arguments: [
    (
      "enforcementMode: watch",
      "58: egress.allowlist[0].enforcementMode: must be enforce or monitor"
    ),
    (
      "allowEncryptedClientHello: maybe",
      "68: egress.allowlist[0].allowEncryptedClientHello: must be true or false"
    ),
    ("rateLimit: 5", "52: egress.allowlist[0].rateLimit: must be a section with keys"),
    ("rateLimit: {}", "52: egress.allowlist[0].rateLimit.perSecond: the key is required"),
    (
      "rateLimit: {burst: 5}", "52: egress.allowlist[0].rateLimit.perSecond: the key is required"
    ),
    (
      "rateLimit: {perSecond: 0}",
      "64: egress.allowlist[0].rateLimit.perSecond: must be more than 0 and at most 1000000"
    ),
    ("rateLimit: {perSecond: -1}", "64: egress.allowlist[0].rateLimit.perSecond: must be more"),
    (
      "rateLimit: {perSecond: 1000000.1}",
      "64: egress.allowlist[0].rateLimit.perSecond: must be more"
    ),
    (
      "rateLimit: {perSecond: 1e3}", "64: egress.allowlist[0].rateLimit.perSecond: must be a number"
    ),
    (
      "rateLimit: {perSecond: \"5\"}",
      "64: egress.allowlist[0].rateLimit.perSecond: must be a number"
    ),
    (
      "rateLimit: {perSecond: 99999999999999999999}",
      "64: egress.allowlist[0].rateLimit.perSecond: must"
    ),
    (
      "rateLimit: {perSecond: 5, burst: 0}",
      "74: egress.allowlist[0].rateLimit.burst: must be between 1 and 1000000"
    ),
    (
      "rateLimit: {perSecond: 5, burst: 1.5}", "74: egress.allowlist[0].rateLimit.burst: must be an"
    ),
  ])
  func `what a rule can't have is refused`(keys: String, message: String) throws {
    let found = errors("workspaceId: w\negress: {allowlist: [{hostPattern: a.b, \(keys)}]}\n")
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("c.yaml:2:\(message)") ?? false, "\(found)")
  }

  @Test func `policies have names, sources and allowlists`() throws {
    let policies = try document(
      """
      workspaceId: w
      egress:
        policies:
          - name: team a
            sources: [10.1.0.0/16, "2001:db8::/32", "::ffff:10.2.0.0/112"]
            allowlist: [{hostPattern: a.example}, {hostPattern: b.example, rateLimit: {perSecond: 1}}]
          - {name: b, sources: [10.1.2.3], allowlist: [{hostPattern: c.example}]}
      """
    ).egress.policies
    #expect(policies.map(\.name) == ["team a", "b"])
    #expect(
      policies.map { $0.sources.map(\.description) } == [
        ["10.1.0.0/16", "2001:db8::/32", "10.2.0.0/16"], ["10.1.2.3"],
      ])
    #expect(
      policies.map { $0.rules.map(\.pattern) } == [["a.example", "b.example"], ["c.example"]])
  }

  @Test func `what is wrong with policies is told all at once`() {
    #expect(
      errors(
        """
        workspaceId: w
        egress:
          policies:
            - {name: a, sources: [10.0.0.0/8, 10.0.0.1/8], allowlist: [{hostPattern: a.example}]}
            - {name: a, sources: [10.0.0.0/8], allowlist: [{hostPattern: "*.com"}]}
            - {sources: [], allowlist: [{hostPattern: a.example}]}
            - {name: c, allowlist: [{hostPattern: a.example, policy: b}]}
            - {name: d, sources: ["::ffff:10.0.0.0/104"], allowlist: [{hostPattern: a.example}]}
        """
      ) == [
        "c.yaml:4:39: egress.policies[0].sources[1]: 10.0.0.1/8 has bits set behind its prefix; "
          + "the block is 10.0.0.0/8",
        "c.yaml:5:14: egress.policies: the name is another policy's already (line 4)",
        "c.yaml:5:27: egress.policies: 10.0.0.0/8 is a source of another policy already (line 4)",
        "c.yaml:5:66: egress.policies[1].allowlist[0].hostPattern: \"com\" is a public suffix: "
          + "\"*.com\" would allow hosts of any owner",
        "c.yaml:6:7: egress.policies[2].name: the key is required and missing",
        "c.yaml:6:17: egress.policies[2].sources: names no source",
        "c.yaml:7:7: egress.policies[3].sources: the key is required and missing",
        "c.yaml:7:54: egress.policies[3].allowlist[0].policy: there is no such key here",
        "c.yaml:8:27: egress.policies: 10.0.0.0/8 is a source of another policy already (line 4)",
      ])
  }

  @Test func `a policy without rules, and a source that stands twice, are pointed out`() throws {
    #expect(
      try warnings(
        """
        workspaceId: w
        egress:
          policies:
            - {name: a, sources: [10.0.0.1, 10.0.0.1/32]}
        """
      ) == [
        "c.yaml:4:7: egress.policies[0].allowlist: no rule admits anything: every connection from "
          + "these sources will be denied",
        "c.yaml:4:37: egress.policies: 10.0.0.1 stands here twice (line 4)",
      ])
  }
}
