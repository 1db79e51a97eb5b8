import Addressing
import Foundation
import Policy
import PolicyAnalysis
import Telemetry
import Testing

@Suite("replay")
struct ReplayTests {
  private typealias Entry = WrittenLog.Entry

  private static let policy = """
    egress:
      allowlist:
        - {name: github, hostPattern: "*.github.com", port: 443}
        - {name: docs, hostPattern: docs.example.com, port: 80, allowedMethods: [GET, HEAD]}
        - {name: database, hostPattern: 10.0.0.0/8, port: 5432}
        - {name: front, hostPattern: front.example.com, allowEncryptedClientHello: false}
      policies:
        - {name: other, sources: [10.2.0.0/16], allowlist: [{name: theirs, hostPattern: their.example}]}
    """

  @Test(
    "judges a flow as its record has it",
    arguments: [
      (Entry(host: "api.github.com"), "allow by github"),
      (Entry(host: "API.github.com."), "allow by github"),
      (Entry(host: "api.github.com", port: 80), "deny port-not-allowed"),
      (Entry(host: "api.github.com", source: "10.2.3.4"), "deny host-not-allowed"),
      (Entry(host: "their.example", source: "10.2.3.4"), "allow by theirs"),
      (Entry(), "deny no-server-name"),
      (Entry(address: "10.0.0.1", port: 5432), "allow by database"),
      (Entry(applicationProtocol: .tcp, address: "10.0.0.1", port: 5432), "allow by database"),
      (Entry(applicationProtocol: .tcp, address: "10.0.0.1", port: 5433), "deny port-not-allowed"),
      (Entry(applicationProtocol: .tcp, port: 22), "deny opaque-protocol"),
      (http("docs.example.com"), "allow by docs"),
      (http("docs.example.com", "PUT"), "deny method-not-allowed"),
      (http("203.0.113.7"), "deny host-not-allowed"),
      (http("2001:db8::1"), "deny host-not-allowed"),
      (http(""), "deny host-not-allowed"),
      (http("docs.example.com", address: "127.0.0.1"), "deny forbidden-address"),
      // What the explicit proxy was asked for and never resolved.
      (http("docs.example.com", address: nil), "allow by docs"),
      (http("docs.example.net", address: nil), "deny host-not-allowed"),
      (http("docs.example.com", "CONNECT", address: nil), "allow by docs"),
      (http("api.github.com", "CONNECT", port: 443), "allow by github"),
      // Through a tunnel: its CONNECT is judged, too.
      (Entry(host: "api.github.com", method: "CONNECT"), "allow by github"),
      (
        Entry(host: "other.example", address: "10.0.0.1", port: 5432, method: "CONNECT"),
        "deny host-not-allowed"
      ),
      (
        Entry(applicationProtocol: .tcp, host: "ssh.github.com", port: 443, method: "CONNECT"),
        "allow by github"
      ),
    ])
  func judgements(entry: WrittenLog.Entry, now: String) throws {
    let ruleset = try Ruleset.reading(Self.policy)
    // Whatever it was before, the other verdict shows what it is now.
    var was = entry
    was.reason = now.hasPrefix("deny") ? nil : Self.reason(entry)
    was.rule = was.reason == nil ? "old" : nil
    let lines = WrittenLog([was]).replay(ruleset)
    #expect(lines.first == "1 record: 1 replayed, 1 verdict flips")
    #expect(lines.last?.hasSuffix("  \(now)") == true, "\(lines)")
  }

  /// A reason that the flow's record can have had.
  private static func reason(_ entry: WrittenLog.Entry) -> DenyReason {
    switch entry.applicationProtocol {
    case .http: .hostNotAllowed
    case .tls: entry.host.isEmpty ? .noServerName : .hostNotAllowed
    case .tcp: .portNotAllowed
    }
  }

  @Test("judges silence, encrypted hellos and a captured CONNECT by what their reasons tell")
  func tellingReasons() throws {
    let yaml = """
      egress:
        allowlist:
          - {name: front, hostPattern: "*.example.com", allowEncryptedClientHello: true}
          - {name: address, hostPattern: 203.0.113.7}
      """
    let log = WrittenLog([
      Entry(applicationProtocol: .tcp, port: 22, reason: .peekTimeout),
      Entry(host: "a.example.com", reason: .encryptedClientHello),
      Self.http("a.example.com", "CONNECT", reason: .methodNotAllowed),
    ])
    let lines = log.replay(try Ruleset.reading(yaml))
    #expect(
      lines.contains { $0.hasSuffix("deny peek-timeout            allow by address") }, "\(lines)")
    #expect(
      lines.contains { $0.hasSuffix("deny encrypted-client-hello  allow by front") }, "\(lines)")
    #expect(lines[0] == "3 records: 3 replayed, 2 verdicts flip")
    // Where the hello is encrypted, a rule that admits none refuses it.
    let refusing = try Ruleset.reading(Self.policy)
    let same = WrittenLog([Entry(host: "front.example.com", reason: .encryptedClientHello)])
    #expect(same.replay(refusing) == ["1 record: 1 replayed, 0 verdicts flip"])
  }

  @Test(
    "counts apart what no rule decided",
    arguments: [
      (Entry(reason: .malformedClientHello), "malformed-client-hello"),
      (Entry(reason: .peekTimeout), "peek-timeout"),
      (Entry(applicationProtocol: .tcp, reason: .peekTimeout, outcome: .clientGone), "cut-short"),
      (http("a", reason: .malformedRequest), "malformed-request"),
      (http("", "", reason: .peekTimeout), "peek-timeout"),
      (http("a b"), "no-host-name"), (Entry(host: "\u{ff}"), "no-host-name"),
      (
        Entry(address: nil, reason: .originalDestinationUnavailable),
        "original-destination-unavailable"
      ),
      (Entry(host: "a", address: nil), "no-destination"), (Entry(port: 0), "no-destination"),
      (Entry(reason: .rateLimited), "rate-limited"),
      (Entry(reason: .loopDetected), "loop-detected"),
      (Entry(reason: .connectionLimit), "connection-limit"),
      (Entry(reason: .policyUnavailable), "policy-unavailable"),
      (Entry(direction: .inbound), "inbound"),
    ])
  func notReplayed(entry: WrittenLog.Entry, label: String) throws {
    let lines = WrittenLog([entry, entry]).replay(try Ruleset.reading(Self.policy))
    #expect(
      lines == [
        "2 records: 0 replayed, 0 verdicts flip", "", "COUNT  NOT REPLAYED", "    2  \(label)",
      ])
  }

  @Test("a verdict is what is said and what becomes of it")
  func monitor() throws {
    let log = WrittenLog([
      Entry(host: "evil.example", reason: .hostNotAllowed, isEnforced: false),
      Entry(host: "evil.example", reason: .hostNotAllowed, isEnforced: true),
    ])
    let enforcing = log.replay(try Ruleset.reading(Self.policy))
    #expect(enforcing[0] == "2 records: 2 replayed, 1 verdict flips")
    #expect(
      enforcing.last
        == "    1  tls evil.example:443  deny host-not-allowed (let pass)  deny host-not-allowed")
    let watching = log.replay(try Ruleset.reading("enforcementMode: monitor\n" + Self.policy))
    #expect(
      watching.last
        == "    1  tls evil.example:443  deny host-not-allowed  deny host-not-allowed (let pass)")
  }

  @Test("shows the most frequent flips first, flows that are alike together")
  func grouping() throws {
    var log = WrittenLog()
    for _ in 0..<3 { log.add(Entry(host: "b.example", rule: "old")) }
    for port in 1...1200 as ClosedRange<UInt16> {
      log.add(Entry(host: "a.example", port: 443, source: "10.1.0.\(port % 250)", rule: "old"))
    }
    log.add(Self.http("docs.example.com", "PUT", rule: "old"))
    log.add(Entry(host: "api.github.com", rule: "old name"))
    let ruleset = try Ruleset.reading(Self.policy)
    #expect(
      log.replay(ruleset) == [
        "1,205 records: 1,205 replayed, 1,204 verdicts flip, 1 by another rule or for another reason",
        "",
        "COUNT  FLOW                          WAS           NOW",
        "1,200  tls a.example:443             allow by old  deny host-not-allowed",
        "    3  tls b.example:443             allow by old  deny host-not-allowed",
        "    1  http PUT docs.example.com:80  allow by old  deny method-not-allowed",
      ])
    let (replay, account) = log.scan(Replay(ruleset))
    #expect(replay.exitCode(account) == 1)
  }

  @Test("JSON is one object, in the record's words")
  func json() throws {
    let log = WrittenLog([
      Self.http("docs.example.com", "PUT", rule: "old"), Entry(reason: .loopDetected),
      Entry(applicationProtocol: .tcp, address: "10.2.0.1", source: "10.2.0.1", rule: "old"),
    ])
    let (replay, account) = log.scan(Replay(try Ruleset.reading(Self.policy)))
    let text = replay.json(account)
    #expect(
      text
        == #"{"records":3,"replayed":2,"flips":2,"moved":0,"groups":[{"count":1,"protocol":"tcp","#
        + #""destinationAddress":"10.2.0.1","destinationPort":443,"was":{"policyDecision":"allow","#
        + #""enforced":true,"matchedRule":"old"},"now":{"policyDecision":"deny","enforced":true,"#
        + #""policyReason":"opaque-protocol"},"auditId":"01a1fce7-9d80-7000-8000-000000000002"},"#
        + #"{"count":1,"protocol":"http","destinationHost":"docs.example.com","destinationPort":80,"#
        + #""httpMethod":"PUT","was":{"policyDecision":"allow","enforced":true,"matchedRule":"old"},"#
        + #""now":{"policyDecision":"deny","enforced":true,"policyReason":"method-not-allowed"},"#
        + #""auditId":"01a1fce7-9d80-7000-8000-000000000000"}],"notReplayed":[{"reason":"#
        + #""loop-detected","count":1}],"partialLines":0,"badLines":0}"#)
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(text.utf8)) }
  }

  @Test("names the lines that are no records, by file, and goes on behind them")
  func badLines() throws {
    var scan = LogScan(Replay(try Ruleset.reading(Self.policy)))
    let good = WrittenLog([Entry(host: "api.github.com", rule: "github")]).bytes
    for (file, bytes) in [
      ("a.log", good + Array("x\n".utf8) + good), ("b.log", Array("{}\n".utf8) + good.dropLast(5)),
    ] {
      scan.begin(file)
      scan.feed(bytes.span)
      scan.end()
    }
    #expect(
      scan.account.sentences == [
        "a.log:2: no JSON (column 1)", "b.log:1: no audit record: timestamp is missing",
        "one record is cut off, as by a crash",
      ])
    #expect(scan.account.records == 2)
    #expect(scan.analysis.exitCode(scan.account) == 2)
  }

  @Test("only the first bad lines are named")
  func manyBadLines() throws {
    var scan = LogScan(Replay(try Ruleset.reading(Self.policy)))
    scan.begin("a.log")
    let lines = String(repeating: "x\n", count: 1000)
    scan.feed(Array(lines.utf8).span)
    scan.end()
    #expect(scan.account.sentences.count == 21)
    #expect(scan.account.sentences.last == "and 980 more lines that are no records")
  }

  private static func http(
    _ host: String, _ method: String = "GET", address: String? = "203.0.113.7", port: UInt16 = 80,
    rule: String? = nil, reason: DenyReason? = nil
  ) -> WrittenLog.Entry {
    Entry(
      applicationProtocol: .http, host: host, address: address, port: port, method: method,
      rule: rule, reason: reason)
  }
}
