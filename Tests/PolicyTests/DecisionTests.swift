import Addressing
import Policy
import Testing

@Suite("Deciding")
struct DecisionTests {
  @Test("the first rule whose host, port and method match decides")
  func firstMatch() throws {
    let ruleset = Ruleset([
      try rule("api.example.com", ports: [8443...8443]),
      try rule("*.example.com", methods: ["GET"]),
      try rule("*"),
    ])
    #expect(ruleset.outcome(try tls("api.example.com", 8443)) == .allowed(by: 0))
    #expect(ruleset.outcome(try http("GET", "api.example.com")) == .allowed(by: 1))
    #expect(ruleset.outcome(try http("PUT", "api.example.com")) == .allowed(by: 2))
    #expect(ruleset.outcome(try tls("api.example.com")) == .allowed(by: 2))
    #expect(ruleset.outcome(try tls(nil)) == .denied(.noServerName))
  }

  @Test("no rule at all refuses everything")
  func emptyRuleset() throws {
    let ruleset = Ruleset([])
    #expect(ruleset.outcome(try tls("example.com")) == .denied(.hostNotAllowed))
    #expect(ruleset.outcome(try opaque(to: "10.0.0.1", 5432)) == .denied(.opaqueProtocol))
    #expect(try ruleset.outcomeWithoutPeeking("10.0.0.1", 5432) == nil)
  }

  @Test(
    "a wildcard matches every name below its suffix and never the suffix",
    arguments: [
      ("a.example.com", true), ("a.b.example.com", true), ("A.EXAMPLE.com.", true),
      ("_dmarc.example.com", true), ("example.com", false), ("badexample.com", false),
      ("example.com.evil.org", false), ("a.example.co", false), ("m", false), ("com", false),
    ])
  func wildcard(name: String, matches: Bool) throws {
    let ruleset = Ruleset([try rule("*.example.com")])
    #expect(
      ruleset.outcome(try tls(name)) == (matches ? .allowed(by: 0) : .denied(.hostNotAllowed)))
  }

  @Test("the nearest miss is named in the order method, port, host")
  func nearestMiss() throws {
    let ruleset = Ruleset([
      try rule("example.com", ports: [8000...8099]),
      try rule("example.com", ports: [80...80], methods: ["GET", "HEAD"]),
      try rule("example.org", ports: [80...80]),
    ])
    #expect(
      ruleset.outcome(try http("DELETE", "example.com"))
        == .denied(.methodNotAllowed, miss: NearestMiss(ruleIndex: 1, missed: .method)))
    #expect(
      ruleset.outcome(try http("GET", "example.com", 81))
        == .denied(.portNotAllowed, miss: NearestMiss(ruleIndex: 0, missed: .port)))
    #expect(ruleset.outcome(try http("GET", "example.net")) == .denied(.hostNotAllowed))
  }

  @Test("a rule with methods never matches a flow whose method can't be seen")
  func invisibleMethod() throws {
    let ruleset = Ruleset([
      try rule("example.com", methods: ["GET"]),
      try rule("10.0.0.0/8", methods: ["GET"]),
    ])
    let byName = Outcome.denied(
      .methodNotVisible, miss: NearestMiss(ruleIndex: 0, missed: .method))
    let byAddress = Outcome.denied(
      .methodNotVisible, miss: NearestMiss(ruleIndex: 1, missed: .method))
    #expect(ruleset.outcome(try tls("example.com")) == byName)
    #expect(ruleset.outcome(try tls(nil, to: "10.1.1.1")) == byAddress)
    #expect(ruleset.outcome(try opaque(to: "10.1.1.1", 5432)) == byAddress)
    #expect(ruleset.outcome(try silent(to: "10.1.1.1", 22)) == byAddress)
    #expect(ruleset.outcome(try http("get", "example.com")).reason == .methodNotAllowed)
  }

  @Test("where no rule knows the host, what the flow is tells the reason")
  func reasonWithoutHost() throws {
    let ruleset = Ruleset([try rule("example.com"), try rule("192.0.2.1")])
    #expect(ruleset.outcome(try http("GET", "example.net")) == .denied(.hostNotAllowed))
    #expect(ruleset.outcome(try http("GET", nil)) == .denied(.hostNotAllowed))
    #expect(ruleset.outcome(try tls("example.net")) == .denied(.hostNotAllowed))
    #expect(ruleset.outcome(try tls(nil)) == .denied(.noServerName))
    #expect(ruleset.outcome(try opaque(to: "192.0.2.2", 22)) == .denied(.opaqueProtocol))
    #expect(ruleset.outcome(try silent(to: "192.0.2.2", 22)) == .denied(.peekTimeout))
  }

  @Test("names match only names, blocks match only the original destination")
  func separateWorlds() throws {
    let ruleset = Ruleset([try rule("10.0.0.0/8"), try rule("2001:db8::/32"), try rule("*")])
    #expect(ruleset.outcome(try tls("anything.test", to: "10.2.3.4")) == .allowed(by: 0))
    #expect(ruleset.outcome(try opaque(to: "::ffff:10.2.3.4", 22)) == .allowed(by: 0))
    #expect(ruleset.outcome(try opaque(to: "2001:db8::1", 22)) == .allowed(by: 1))
    #expect(ruleset.outcome(try tls("anything.test", to: "11.0.0.1")) == .allowed(by: 2))
    #expect(ruleset.outcome(try tls(nil, to: "11.0.0.1")) == .denied(.noServerName))
    #expect(ruleset.outcome(try opaque(to: "2001:db9::1", 22)) == .denied(.opaqueProtocol))
  }

  @Test("CONNECT is refused under any rule, in either mode", arguments: EnforcementMode.allCases)
  func connect(mode: EnforcementMode) throws {
    let ruleset = Ruleset(
      rules: [
        try rule("other.com"), try rule("*", methods: ["GET", "CONNECT"]), try rule("0.0.0.0/0"),
      ],
      enforcementMode: mode)
    #expect(
      ruleset.outcome(try http("CONNECT", "example.com"))
        == .denied(.methodNotAllowed, miss: NearestMiss(ruleIndex: 1, missed: .method)))
    #expect(
      Ruleset(rules: [], enforcementMode: mode).outcome(try http("CONNECT", "example.com"))
        == .denied(.methodNotAllowed))
    #expect(ruleset.outcome(try http("CONNEC", "example.com")) == .allowed(by: 2))
  }

  @Test("an encrypted hello is judged by its outer name, unless that stands for others")
  func encryptedClientHello() throws {
    let ruleset = Ruleset([try rule("*"), try rule("0.0.0.0/0")])
    #expect(ruleset.outcome(try tls("example.com", ech: true)) == .allowed(by: 0))
    #expect(
      ruleset.outcome(try tls("Cloudflare-ECH.com.", ech: true))
        == .denied(
          .encryptedClientHello, miss: NearestMiss(ruleIndex: 0, missed: .clientHello)))
    #expect(ruleset.outcome(try tls("cloudflare-ech.com", ech: false)) == .allowed(by: 0))
    #expect(ruleset.outcome(try tls(nil, ech: true)) == .allowed(by: 1))
  }

  @Test("monitor mode lets pass what the allowlist would deny, and says so")
  func monitor() throws {
    let ruleset = Ruleset(
      rules: [try rule("example.com", ports: [443...443])], enforcementMode: .monitor)
    #expect(ruleset.outcome(try tls("example.com")) == .allowed(by: 0))
    #expect(
      ruleset.outcome(try http("GET", "example.com"))
        == .allow(
          nil,
          wouldDeny: Denial(
            .portNotAllowed, nearestMiss: NearestMiss(ruleIndex: 0, missed: .port))))
    #expect(
      ruleset.outcome(try silent(to: "192.0.2.1", 22))
        == .allow(nil, wouldDeny: Denial(.peekTimeout)))
    #expect(
      ruleset.outcome(try http("GET", "example.com", to: "169.254.169.254"))
        == .denied(.forbiddenAddress))
  }

  @Test("a permit carries the original destination it was given for")
  func permitDestination() throws {
    let flow = try tls("example.com", to: "192.0.2.9", 8443)
    let verdict = Ruleset([try rule("example.com")]).decide(flow, from: nil, at: nil)
    switch consume verdict {
    case .allow(let permit, _): #expect(permit.destination == flow.destination)
    case .deny(let denial): Issue.record("denied: \(denial)")
    }
  }
}

@Suite("Deciding before any byte")
struct DecisionWithoutPeekingTests {
  @Test("an address rule that names the port and no method decides at once")
  func addressAndPort() throws {
    let ruleset = Ruleset([
      try rule("db.example.com", ports: [443...443]),
      try rule("10.0.0.0/8", ports: [5432...5432, 6000...6010]),
    ])
    #expect(try ruleset.outcomeWithoutPeeking("10.1.2.3", 5432) == .allowed(by: 1))
    #expect(try ruleset.outcomeWithoutPeeking("10.1.2.3", 6010) == .allowed(by: 1))
    #expect(try ruleset.outcomeWithoutPeeking("10.1.2.3", 443) == nil)
    #expect(try ruleset.outcomeWithoutPeeking("11.1.2.3", 5432) == nil)
  }

  @Test("a name rule before it that admits the port must see the name first")
  func nameRuleFirst() throws {
    for pattern in ["*", "db.example.com", "*.example.com"] {
      let open = Ruleset([try rule(pattern), try rule("10.0.0.1", ports: [22...22])])
      #expect(try open.outcomeWithoutPeeking("10.0.0.1", 22) == nil, "\(pattern)")
      let after = Ruleset([try rule("10.0.0.1", ports: [22...22]), try rule(pattern)])
      #expect(try after.outcomeWithoutPeeking("10.0.0.1", 22) == .allowed(by: 0), "\(pattern)")
    }
  }

  @Test("a rule without ports, or with methods, waits for the bytes")
  func needsBytes() throws {
    let anyPort = Ruleset([try rule("10.0.0.1"), try rule("10.0.0.1", ports: [22...22])])
    #expect(try anyPort.outcomeWithoutPeeking("10.0.0.1", 22) == nil)
    let methods = Ruleset([
      try rule("10.0.0.1", ports: [80...80], methods: ["GET"]),
      try rule("10.0.0.1", ports: [80...80]),
    ])
    #expect(try methods.outcomeWithoutPeeking("10.0.0.1", 80) == nil)
  }

  @Test("no name leads to a forbidden address, so name rules don't hold up one that names it")
  func forbidden() throws {
    let ruleset = Ruleset([
      try rule("*"), try rule("0.0.0.0/0", ports: [22...22]),
      try rule("127.0.0.1", ports: [22...22]),
    ])
    #expect(try ruleset.outcomeWithoutPeeking("127.0.0.1", 22) == .allowed(by: 2))
    #expect(try ruleset.outcomeWithoutPeeking("127.0.0.2", 22) == nil)
  }
}
