import Addressing
import Foundation
import Policy
import PolicyAnalysis
import Testing

@Suite("check")
struct CheckTests {
  private static func rule(
    _ name: String, _ pattern: String, ports: [ClosedRange<UInt16>] = [], methods: [String] = []
  ) throws -> Rule {
    Rule(
      name: name, pattern: pattern, matcher: try HostMatcher.parse(pattern).matcher, ports: ports,
      allowedMethods: methods.compactMap { HTTPMethod($0) })
  }

  private static func ruleset(_ mode: EnforcementMode = .enforce) throws -> Ruleset {
    Ruleset(
      rules: [
        try rule("github", "*.github.com", ports: [443...443]),
        try rule("docs", "docs.example.com", ports: [80...80], methods: ["GET", "HEAD"]),
        try rule("database", "10.0.0.0/8", ports: [5432...5432]),
      ], enforcementMode: mode)
  }

  private func text(
    _ targets: String..., method: String? = nil, mode: EnforcementMode = .enforce
  ) throws -> (output: [String], exitCode: Int32) {
    Check.run(
      targets: targets, method: method.flatMap { HTTPMethod($0) }, json: false,
      ruleset: try Self.ruleset(mode))
  }

  @Test("an allowed target is one line with its rule")
  func allowed() throws {
    let (output, exitCode) = try text("https://api.github.com/", "10.1.2.3:5432")
    #expect(
      output == [
        "allow  https://api.github.com/  rule github (*.github.com)",
        "allow  10.1.2.3:5432            rule database (10.0.0.0/8)",
      ])
    #expect(exitCode == 0)
  }

  @Test("a denied target is told the reason, the nearest miss and the rule that would allow it")
  func denied() throws {
    let (output, exitCode) = try text("http://docs.example.com/x", method: "DELETE")
    #expect(
      output == [
        "deny  http://docs.example.com/x  method-not-allowed",
        "       There are rules for docs.example.com:80, but none allows the method DELETE.",
        "       nearest: rule docs (docs.example.com), which misses by method",
        "       would allow it: - {hostPattern: \"docs.example.com\", port: 80, "
          + "allowedMethods: [\"DELETE\"]}",
        "       note: address rules are judged for address targets only",
      ])
    #expect(exitCode == 1)
  }

  @Test("a name target is never allowed by an address rule, nor judged by its placeholder")
  func nameTargets() throws {
    let everywhere = Ruleset(
      rules: [
        try Self.rule("v4", "0.0.0.0/0"), try Self.rule("placeholder", "192.0.2.0/24"),
        try Self.rule("named", "db.internal"),
      ], enforcementMode: .enforce)
    let (output, exitCode) = Check.run(
      targets: ["db.internal:5432", "other.internal:5432"], json: false, ruleset: everywhere)
    #expect(output.first == "allow  db.internal:5432     rule named (db.internal)")
    #expect(output.contains("deny   other.internal:5432  host-not-allowed"))
    #expect(
      output.filter { $0.hasSuffix("address rules are judged for address targets only") }.count == 2
    )
    #expect(exitCode == 1)
  }

  @Test("a method that can't be seen is said not to count")
  func invisibleMethod() throws {
    let (output, exitCode) = try text("https://api.github.com/", method: "DELETE")
    #expect(exitCode == 0)
    #expect(output.last == "       note: the method can't be seen here and was not judged")
    #expect(try text("http://api.github.com:443/", method: "DELETE").output.count == 1)
  }

  @Test("an address target is decided as early as the data plane would")
  func earlyDecision() throws {
    // Any later look at the bytes would refuse a tunnel.
    let (output, exitCode) = try text("http://10.0.0.1:5432/", method: "CONNECT")
    #expect(output == ["allow  http://10.0.0.1:5432/  rule database (10.0.0.0/8)"])
    #expect(exitCode == 0)
  }

  @Test("monitor mode shows the denial that would not be enforced")
  func monitor() throws {
    let (output, exitCode) = try text(
      "https://evil.test/", "http://169.254.169.254/", mode: .monitor)
    #expect(
      output.first == "deny  https://evil.test/       host-not-allowed (monitor: not enforced)")
    #expect(output.contains("deny  http://169.254.169.254/  forbidden-address"))
    #expect(exitCode == 1)
  }

  @Test("the worst target sets the exit code, and the others are still judged")
  func exitCodes() throws {
    #expect(try text().exitCode == 0)
    #expect(try text("https://evil.test/", "https://api.github.com/").exitCode == 1)
    let (output, exitCode) = try text("ftp://x/", "https://evil.test/", "https://api.github.com/")
    #expect(exitCode == 2)
    #expect(
      output.first == "error  ftp://x/                 "
        + "URLs of the scheme \"ftp\" are not judged; write http://, https:// or host:port.")
    #expect(output.last == "allow  https://api.github.com/  rule github (*.github.com)")
  }

  @Test("lines of a file may be indented, blank or end in CR LF")
  func lines() throws {
    var check = Check(ruleset: try Self.ruleset())
    #expect(check.run(lines: [""]).isEmpty)
    #expect(check.run(lines: [" \t\r"]).isEmpty)
    #expect(
      check.run(lines: ["  https://api.github.com/\r"])
        == ["allow  https://api.github.com/  rule github (*.github.com)"])
    #expect(check.exitCode == 0)
  }

  @Test(
    "a block is allowed where each of its addresses is",
    arguments: [
      ("10.0.0.0/8:5432", ["allow  10.0.0.0/8:5432  rule database (10.0.0.0/8)"], 0),
      ("10.1.0.0/16:5432", ["allow  10.1.0.0/16:5432  rule database (10.0.0.0/8)"], 0),
      ("10.0.0.7/32:5432", ["allow  10.0.0.7/32:5432  rule database (10.0.0.0/8)"], 0),
      (
        "10.0.0.0/8:22",
        [
          "deny  10.0.0.0/8:22  port-not-allowed",
          "       refused: 10.0.0.0:22 is the first that is",
          "       There are rules for 10.0.0.0, but none allows port 22.",
          "       nearest: rule database (10.0.0.0/8), which misses by port",
        ], 1
      ),
      (
        "[2001:db8::]/32:443",
        [
          "partly  [2001:db8::]/32:443  opaque-protocol",
          "       refused: [2001:db8::]:443 is the first that is",
          "       a part is allowed by rule six (2001:db8:1::/48)",
          "       "
            + DenyReason.opaqueProtocol.sentence(
              for: Flow(
                destination: OriginalDestination(
                  Endpoint(address: IPAddress("2001:db8::")!, port: 443)),
                name: nil, content: .opaque)),
        ], 1
      ),
      ("[2001:db8:1::/50]:443", ["allow  [2001:db8:1::/50]:443  rule six (2001:db8:1::/48)"], 0),
    ] as [(String, [String], Int32)])
  func blocks(target: String, lines: [String], exitCode: Int32) throws {
    let ruleset = Ruleset(
      rules: [
        try Self.rule("database", "10.0.0.0/8", ports: [5432...5432]),
        try Self.rule("six", "2001:db8:1::/48"),
      ], enforcementMode: .enforce)
    let (output, code) = Check.run(targets: [target], json: false, ruleset: ruleset)
    #expect(output == lines)
    #expect(code == exitCode)
  }

  @Test(
    "no block hides an address that is refused",
    arguments: [
      ("0.0.0.0/0", "0.0.0.0/0"), ("169.0.0.0/8", "0.0.0.0/0"), ("::/0", "::/0"),
      ("[2001::]/32", "::/0"), ("[64:ff9b::]/96", "64:ff9b::/32"), ("10.0.0.0/30", "10.0.0.0/31"),
      ("10.0.0.0/8", "10.0.0.1/32"),
    ])
  func hiddenAddresses(block: String, pattern: String) throws {
    let ruleset = Ruleset(rules: [try Self.rule("r", pattern)], enforcementMode: .enforce)
    let text = block.hasPrefix("::") ? "[::]/0:443" : "\(block):443"
    let (output, code) = Check.run(targets: [text], json: true, ruleset: ruleset)
    #expect(output.first?.contains(#""partlyAllowedBy":["r"]"#) == true, "\(output)")
    #expect(code == 1)
  }

  @Test("the policy of the client's address is asked")
  func source() throws {
    let ruleset = try Ruleset.reading(
      """
      egress:
        allowlist: [{hostPattern: a.example}]
        policies: [{name: p, sources: [10.1.0.0/16], allowlist: [{hostPattern: b.example}]}]
      """)
    for (source, allowed) in [(nil, "a"), ("10.2.0.1", "a"), ("10.1.0.1", "b")] {
      for name in ["a", "b"] {
        let (_, code) = Check.run(
          targets: ["https://\(name).example/"], source: source.flatMap { IPAddress($0) },
          json: false, ruleset: ruleset)
        #expect(code == (name == allowed ? 0 : 1))
      }
    }
  }

  @Test("neither passwords nor control characters reach the terminal")
  func quietOutput() throws {
    let (output, _) = try text(
      "https://user:hunter2@api.github.com/", "user:hunter2@api.github.com:22",
      "http://\u{1b}[2Jx/", "ftp\u{202e}://x/", "http://api.test/\u{1b}]0;title")
    #expect(!output.contains { $0.contains("hunter2") })
    #expect(!output.contains { $0.contains("\u{1b}") || $0.contains("\u{202e}") })
    #expect(output.contains { $0.contains("http://\\u{1b}[2Jx/") })
  }

  @Test(
    "a suggestion, pasted into the allowlist, allows its target",
    arguments: [
      "https://evil.test/", "http://evil.test:8080/", "192.0.2.1:22", "https://[2001:db8::1]/",
      "http://docs.example.com:81/", "http://127.0.0.1/",
    ])
  func suggestions(text: String) throws {
    let ruleset = try Self.ruleset()
    let json = try JSONSerialization.jsonObject(
      with: Data(
        Check.run(targets: [text], json: true, ruleset: ruleset).output.joined().utf8))
    let object = try #require(json as? [String: Any])
    let suggested = try #require(object["suggestedRule"] as? [String: Any])
    let port = try #require(suggested["port"] as? UInt16)
    let added = try Self.rule(
      "added", try #require(suggested["hostPattern"] as? String), ports: [port...port],
      methods: try #require(suggested["allowedMethods"] as? [String]))
    let extended = Ruleset(
      rules: (0..<ruleset.ruleCount).map { ruleset.rule($0) } + [added], enforcementMode: .enforce)
    #expect(Check.run(targets: [text], json: false, ruleset: extended).exitCode == 0)
  }

  @Test("JSON is one object a target, in the audit record's words")
  func json() throws {
    let (output, exitCode) = Check.run(
      targets: [
        "http://docs.example.com/", "http://docs.example.com:81/", "10.0.0.1:22",
        "https://a:b@x/", "http://docs.example.com/\"\\\u{1}",
      ], json: true, ruleset: try Self.ruleset())
    #expect(exitCode == 2)
    #expect(
      output == [
        #"{"target":"http://docs.example.com/","policyDecision":"allow","enforced":true,"#
          + #""protocol":"http","destinationHost":"docs.example.com","destinationPort":80,"#
          + #""httpMethod":"GET","matchedRule":"docs"}"#,
        #"{"target":"http://docs.example.com:81/","policyDecision":"deny","enforced":true,"#
          + #""protocol":"http","destinationHost":"docs.example.com","destinationPort":81,"#
          + #""httpMethod":"GET","policyReason":"port-not-allowed","message":"There are rules for "#
          + #"docs.example.com, but none allows port 81.","nearestMiss":{"rule":"docs","#
          + #""ruleIndex":1,"missed":"port"},"suggestedRule":{"hostPattern":"docs.example.com","#
          + #""port":81,"allowedMethods":["GET"]},"addressRulesJudged":false}"#,
        #"{"target":"10.0.0.1:22","policyDecision":"deny","enforced":true,"protocol":"tcp","#
          + #""destinationAddress":"10.0.0.1","destinationPort":22,"policyReason":"port-not-allowed","#
          + #""message":"There are rules for 10.0.0.1, but none allows port 22.","nearestMiss":"#
          + #"{"rule":"database","ruleIndex":2,"missed":"port"},"suggestedRule":{"hostPattern":"#
          + #""10.0.0.1","port":22,"allowedMethods":[]}}"#,
        #"{"target":"https://…@x/","error":"The target holds a user name or password; leave it out, "#
          + #"the policy doesn't look at it."}"#,
        #"{"target":"http://docs.example.com/\"\\\u0001","policyDecision":"allow","enforced":true,"#
          + #""protocol":"http","destinationHost":"docs.example.com","destinationPort":80,"#
          + #""httpMethod":"GET","matchedRule":"docs"}"#,
      ])
    for line in output {
      #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
    }
  }
}
