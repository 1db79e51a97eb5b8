import Addressing
import Foundation
import Policy
import PolicyAnalysis
import Telemetry
import Testing

@Suite("suggest")
struct SuggestTests {
  private typealias Entry = WrittenLog.Entry

  /// The rules without what speaks for them.
  private func rules(
    _ entries: [WrittenLog.Entry], minimumSiblings: Int = 3, includesDenied: Bool = false
  ) -> [String] {
    WrittenLog(entries).suggest(minimumSiblings: minimumSiblings, includesDenied: includesDenied)
      .filter { !$0.contains("#") }.dropFirst(2).map { $0.trimmingPrefix("    ").description }
  }

  @Test("a host, its ports and its methods make a rule")
  func exactHosts() {
    let entries = [
      http("docs.example.com", "GET"), http("docs.example.com", "HEAD"),
      http("docs.example.com", "GET", port: 8080), http("docs.example.com", "HEAD", port: 8080),
      http("docs.example.com", "POST", port: 8081), Entry(host: "Docs.example.com."),
      Entry(host: "docs.example.com", port: 8443),
    ]
    #expect(
      rules(entries) == [
        "- hostPattern: \"docs.example.com\"", "  ports: [80, 8080]",
        "  allowedMethods: [GET, HEAD]",
        "- hostPattern: \"docs.example.com\"", "  ports: [443, 8443]",
        "- hostPattern: \"docs.example.com\"", "  port: 8081", "  allowedMethods: [POST]",
      ])
  }

  @Test("three names below a suffix make a rule of it, two don't")
  func siblings() {
    let two = ["a", "b"].map { Entry(host: "\($0).example.com") }
    #expect(
      rules(two) == [
        "- hostPattern: \"a.example.com\"", "  port: 443", "- hostPattern: \"b.example.com\"",
        "  port: 443",
      ])
    let three = two + [Entry(host: "x.y.example.com")]
    #expect(rules(three) == ["- hostPattern: \"*.example.com\"", "  port: 443"])
    #expect(rules(three, minimumSiblings: 4).count == 6)
    #expect(rules(two, minimumSiblings: 2) == ["- hostPattern: \"*.example.com\"", "  port: 443"])
    // The suffix itself isn't below it.
    #expect(
      rules(three + [Entry(host: "example.com")]).first == "- hostPattern: \"example.com\"")
  }

  @Test("the longest suffix that has enough names stands for them")
  func longestSuffix() {
    let deep = ["a", "b", "c"].map { Entry(host: "\($0).api.example.com") }
    #expect(rules(deep) == ["- hostPattern: \"*.api.example.com\"", "  port: 443"])
    #expect(rules(deep + [Entry(host: "www.example.com")]).count == 4)
    let wide = ["d", "e", "f"].map { Entry(host: "\($0).example.com") }
    #expect(rules(deep + wide) == ["- hostPattern: \"*.example.com\"", "  port: 443"])
  }

  @Test("a suffix admits no port or method that wasn't seen often enough below it")
  func suffixPorts() {
    let tls = ["a", "b", "c"].map { Entry(host: "\($0).example.com") }
    let more = [
      Entry(host: "a.example.com", port: 8443), http("a.example.com", "GET"),
      http("b.example.com", "GET"), http("c.example.com", "POST"),
    ]
    #expect(
      rules(tls + more) == [
        "- hostPattern: \"a.example.com\"", "  port: 80", "  allowedMethods: [GET]",
        "- hostPattern: \"a.example.com\"", "  port: 8443",
        "- hostPattern: \"b.example.com\"", "  port: 80", "  allowedMethods: [GET]",
        "- hostPattern: \"c.example.com\"", "  port: 80", "  allowedMethods: [POST]",
        "- hostPattern: \"*.example.com\"", "  port: 443",
      ])
  }

  @Test("what a suffix admits needs no rule beside it")
  func covered() {
    let both = ["a", "b", "c"].flatMap {
      [http("\($0).example.com", "GET"), http("\($0).example.com", "PUT")]
    }
    #expect(
      rules(both + [http("d.example.com", "GET")])
        == ["- hostPattern: \"*.example.com\"", "  port: 80", "  allowedMethods: [GET, PUT]"])
  }

  @Test("a scan of many ports is one range") func portScan() {
    let flows = ["a", "b"].flatMap { name in
      (1...5000).map { Entry(host: "\(name).example.com", port: $0) }
    }
    #expect(
      rules(flows, minimumSiblings: 2)
        == ["- hostPattern: \"*.example.com\"", "  ports: [\"1-5000\"]"])
  }

  @Test("more sets of methods than anyone would write are covered all the same")
  func manyMethodSets() throws {
    let flows = (0..<99).flatMap { set in
      ["a", "b", "c"].map { http("\($0)\(set).example.com", "M\(set)") }
        + ["a", "b", "c"].map { http("\($0)\(set).example.com", "ALL") }
    }
    let log = WrittenLog(flows)
    let policy = try Ruleset.reading(log.suggest().joined(separator: "\n"))
    #expect(log.replay(policy).first?.contains("0 verdicts flip") == true)
  }

  @Test(
    "names are never put together where those below may be of different owners",
    arguments: [
      "github.io", "co.uk", "com", "s3.amazonaws.com", "amazonaws.com", "eu-west-1.amazonaws.com",
      "kawasaki.jp", "internal", "fastly.net",
    ])
  func publicSuffixes(suffix: String) {
    let names = (1...9).map { Entry(host: "n\($0).\(suffix)") }
    #expect(rules(names).count == 18)
    #expect(!rules(names).contains { $0.contains("*") })
  }

  @Test("private names of two labels and more are put together")
  func privateNames() {
    let names = ["a", "b", "c"].map { Entry(host: "\($0).shop.svc.cluster.local", port: 80) }
    #expect(rules(names) == ["- hostPattern: \"*.shop.svc.cluster.local\"", "  port: 80"])
  }

  @Test("flows without a name get their addresses, behind the names")
  func addresses() {
    let entries = [
      Entry(applicationProtocol: .tcp, address: "2001:db8::1", port: 22),
      Entry(applicationProtocol: .tcp, address: "10.0.0.10", port: 5432),
      Entry(applicationProtocol: .tcp, address: "10.0.0.9", port: 5432),
      http("10.0.0.9", "GET", address: "10.0.0.9", port: 8080), Entry(host: "zz.example"),
    ]
    #expect(
      rules(entries) == [
        "- hostPattern: \"zz.example\"", "  port: 443", "- hostPattern: \"10.0.0.9\"",
        "  port: 5432",
        "- hostPattern: \"10.0.0.9\"", "  port: 8080", "  allowedMethods: [GET]",
        "- hostPattern: \"10.0.0.10\"", "  port: 5432", "- hostPattern: \"2001:db8::1\"",
        "  port: 22",
      ])
  }

  @Test("covers what was allowed or let pass; what was refused only where it is asked for")
  func denied() {
    let entries = [
      Entry(host: "a.example", rule: "r"),
      Entry(host: "b.example", reason: .hostNotAllowed, isEnforced: false),
      Entry(host: "c.example", reason: .hostNotAllowed),
      Entry(host: "d.example", reason: .malformedClientHello),
      Entry(host: "cloudflare-ech.com", reason: .encryptedClientHello, isEnforced: false),
      http("e.example", "CONNECT", reason: .methodNotAllowed),
    ]
    #expect(
      rules(entries).filter { $0.contains("host") }.map { $0.suffix(10) } == [
        "a.example\"", "b.example\"",
      ])
    #expect(rules(entries, includesDenied: true).filter { $0.contains("host") }.count == 3)
    let lines = WrittenLog(entries).suggest()
    #expect(
      lines.prefix(6) == [
        "# 2 rules for 6 records from 2026-11-21T07:00:00Z to 2026-11-21T07:00:05Z",
        "# not covered: encrypted-client-hello (1)", "# not covered: host-not-allowed (1)",
        "# not covered: malformed-client-hello (1)", "# not covered: method-not-allowed (1)",
        "egress:",
      ])
  }

  @Test("a forbidden address gets a rule only where one allowed it already, and never by a name")
  func forbidden() {
    let refused = http(
      "rebound.example", "GET", address: "169.254.169.254", reason: .forbiddenAddress)
    #expect(rules([refused], includesDenied: true).isEmpty)
    let allowed = http("metadata.example", "GET", address: "169.254.169.254", rule: "metadata")
    #expect(
      rules([refused, allowed], includesDenied: true) == [
        "- hostPattern: \"169.254.169.254\"", "  port: 80", "  allowedMethods: [GET]",
      ])
  }

  @Test("only what a document doesn't allow yet, where one is given")
  func existing() throws {
    let log = WrittenLog([Entry(host: "a.example"), Entry(host: "b.example")])
    let ruleset = try Ruleset.reading("egress: {allowlist: [{hostPattern: a.example}]}")
    let (suggest, account) = log.scan(Suggest(existing: ruleset))
    #expect(
      suggest.yamlLines(account) == [
        "# 1 rule for 2 records from 2026-11-21T07:00:00Z to 2026-11-21T07:00:01Z; 1 are allowed already",
        "egress:", "  allowlist:", "    # 1 flow at 2026-11-21T07:00:01Z",
        "    - hostPattern: \"b.example\"", "      port: 443",
      ])
  }

  @Test("a rule says what speaks for it, and what it widens")
  func evidence() throws {
    var entries = (1...7).map { Entry(host: "n\($0).example.com", port: 8080) }
    entries += (8000...8003).map { Entry(host: "one.example", port: $0) }
    entries += [
      http("n1.example.com", "GET", port: 8080), http("m.example", "PROPFIND", port: 8080),
      Entry(applicationProtocol: .tcp, address: "10.0.0.9", port: 22),
    ]
    let lines = WrittenLog(entries).suggest().joined(separator: "\n")
    for text in [
      "# 8 flows from 2026-11-21T07:00:00Z to 2026-11-21T07:00:11Z",
      "# seen: n1.example.com, n2.example.com, n3.example.com, n4.example.com, n5.example.com and 2 more",
      "# any method: beside GET there was TLS or other bytes that hide theirs",
      "ports: [\"8000-8003\"]", "allowedMethods: [\"PROPFIND\"]",
      "# decided before any byte is read",
    ] { #expect(lines.contains(text), "\(lines)") }
    _ = try Ruleset.reading(lines)
    let (suggest, account) = WrittenLog(entries).scan(Suggest())
    let json = try JSONSerialization.jsonObject(with: Data(suggest.json(account).utf8))
    let list = try #require((json as? [String: Any])?["allowlist"] as? [[String: Any]])
    #expect(
      list.map { $0["hostPattern"] as? String } == [
        "m.example", "one.example", "*.example.com", "10.0.0.9",
      ])
  }

  @Test("nothing seen is an empty list")
  func nothing() throws {
    #expect(WrittenLog().suggest() == ["# 0 rules for 0 records", "egress:", "  allowlist: []"])
  }

  private func http(
    _ host: String, _ method: String, address: String? = "203.0.113.7", port: UInt16 = 80,
    rule: String? = nil, reason: DenyReason? = nil
  ) -> WrittenLog.Entry {
    Entry(
      applicationProtocol: .http, host: host, address: address, port: port, method: method,
      rule: rule, reason: reason)
  }
}
