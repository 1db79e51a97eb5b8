import Addressing
import Foundation
import Policy
import Testing

/// docs/policy.md, table by table: what the page says is what the code does.
@Suite("docs/policy.md")
struct PolicyDocumentTests {
  /// A row of a table: its cells, and the headings above them.
  struct Row: Sendable, CustomTestStringConvertible {
    let headings: [String]
    let cells: [String]
    var testDescription: String { cells.joined(separator: " | ") }
  }

  static let rows: [Row] = {
    let page = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../docs/policy.md")
    guard let text = try? String(contentsOf: page, encoding: .utf8) else { return [] }
    var rows: [Row] = []
    var headings: [String]? = nil
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      guard line.hasPrefix("|") else {
        headings = nil
        continue
      }
      let cells = line.dropFirst().dropLast().split(
        separator: "|", omittingEmptySubsequences: false
      ).map { $0.trimmingCharacters(in: .whitespaces) }
      guard let known = headings else {
        headings = cells
        continue
      }
      if cells.allSatisfy({ $0.hasPrefix("---") }) { continue }
      rows.append(Row(headings: known, cells: cells))
    }
    return rows
  }()

  static func rows(under headings: String...) -> [Row] {
    rows.filter { $0.headings == headings }
  }

  static let patterns = rows(under: "Pattern", "Is", "Remark")
  static let decisions = rows(under: "Rules", "Flow", "Verdict")
  static let monitored = rows(under: "Rules", "Flow in monitor mode", "Verdict")
  static let early = rows(under: "Rules", "Connection", "Decided")
  static let limits = rows(under: "Rule", "Flow", "At second", "Verdicts")
  static let bySource = rows(under: "Policies", "From", "Flow", "Verdict")
  static let classes = rows(under: "Address", "Class", "Named by blocks within")
  static let reasons = rows(under: "Reason", "When", "A rule can help")
  static let targets = rows(under: "Target", "Judged as")

  @Test("every table is read by a test")
  func complete() {
    let known = [
      Self.patterns, Self.decisions, Self.monitored, Self.early, Self.classes, Self.reasons,
      Self.targets, Self.limits, Self.bySource,
    ]
    #expect(known.allSatisfy { $0.count >= 5 })
    #expect(known.map(\.count).reduce(0, +) == Self.rows.count)
  }

  @Test("host patterns", arguments: patterns)
  func pattern(row: Row) throws {
    let pattern = try span(row, 0)
    guard row.cells[1] != "refused" else {
      #expect(throws: HostPatternError.self) { try HostMatcher.parse(pattern) }
      return
    }
    let parsed = try HostMatcher.parse(pattern)
    let kind =
      switch parsed.matcher {
      case .exact: "name"
      case .below: "names below"
      case .anyName: "any name"
      case .block: "address"
      }
    #expect(row.cells[1] == kind + (parsed.warnings.isEmpty ? "" : ", warns"))
  }

  @Test("decisions", arguments: decisions)
  func decision(row: Row) throws {
    try judge(row, mode: .enforce)
  }

  @Test("decisions in monitor mode", arguments: monitored)
  func monitoredDecision(row: Row) throws {
    try judge(row, mode: .monitor)
  }

  @Test("decisions before any byte", arguments: early)
  func earlyDecision(row: Row) throws {
    let (host, port) = hostAndPort(try span(row, 1))
    let ruleset = Ruleset(try spans(row.cells[0]).map(parseRule))
    let outcome = try ruleset.outcomeWithoutPeeking(host, try #require(port))
    #expect(outcome.map { text($0, like: row.cells[2]) } ?? "by its bytes" == row.cells[2])
  }

  @Test("rate limits", arguments: limits)
  func rateLimit(row: Row) throws {
    let ruleset = Ruleset([try parseRule(try span(row, 0))])
    let flow = try parseFlow(try span(row, 1))
    let verdicts = try row.cells[2].components(separatedBy: ", ").map { second in
      let now = UInt64(((try #require(Double(second)) + 100) * 1e9).rounded())
      return switch ruleset.decide(flow, from: nil, at: now) {
      case .allow(_, wouldDeny: nil): "allow"
      case .allow(_, let denial?):
        denial.reason == .rateLimited ? "would deny" : denial.reason.rawValue
      case .deny(let denial): denial.reason == .rateLimited ? "deny" : denial.reason.rawValue
      }
    }
    #expect(verdicts.joined(separator: ", ") == row.cells[3])
  }

  @Test("policies by source", arguments: bySource)
  func policyBySource(row: Row) throws {
    var rest: [Rule] = []
    var policies: [SourcePolicy] = []
    for text in spans(row.cells[0]) {
      let words = text.split(separator: " ", maxSplits: 2).map(String.init)
      let rules = [try parseRule(words[2])]
      if words[1] == "*" {
        rest = rules
      } else {
        policies.append(
          SourcePolicy(
            name: words[0], sources: [try #require(CIDR(words[1]))], rules: RuleList(rules)))
      }
    }
    let ruleset = Ruleset(rules: rest, policies: policies, enforcementMode: .enforce)
    let source = IPAddress(try span(row, 1))
    let outcome = Outcome(ruleset.decide(try parseFlow(try span(row, 2)), from: source, at: 1))
    let policy = ruleset.policyNames[ruleset.policyPlace(for: source)] ?? "none"
    switch outcome {
    case .allow(let rule, _):
      #expect(row.cells[3] == "allow by \(policy)")
      #expect(ruleset.policyName(ofRule: try #require(rule)) ?? "none" == policy)
    case .deny(let denial): #expect(row.cells[3] == "deny \(denial.reason.rawValue) by \(policy)")
    }
  }

  @Test("forbidden addresses", arguments: classes)
  func addressClass(row: Row) throws {
    let address = try #require(IPAddress(span(row, 0)))
    let forbidden = ForbiddenAddress(address)
    #expect(forbidden?.addressClass.rawValue ?? "none" == row.cells[1])
    #expect(forbidden?.block == spans(row.cells[2]).first.flatMap { CIDR($0) })
  }

  @Test("every reason is listed, with whether a rule can help")
  func denyReasons() throws {
    var listed: [DenyReason: Bool] = [:]
    for row in Self.reasons {
      let reason = try #require(DenyReason(rawValue: span(row, 0)))
      listed[reason] = row.cells[2].hasPrefix("yes")
    }
    #expect(Set(listed.keys) == Set(DenyReason.allCases))
    for (reason, canHelp) in listed { #expect(reason.dependsOnRules == canHelp, "\(reason)") }
  }
}

extension PolicyDocumentTests {
  private func judge(_ row: Row, mode: EnforcementMode) throws {
    let rules = try spans(row.cells[0]).map(parseRule)
    let flow = try parseFlow(try span(row, 1))
    let outcome = Ruleset(rules: rules, enforcementMode: mode).outcome(flow)
    #expect(text(outcome, like: row.cells[2]) == row.cells[2])
  }

  /// The outcome in the page's words; the rule's number only where the page gives one.
  private func text(_ outcome: Outcome, like expected: String) -> String {
    switch outcome {
    case .allow(let rule?, wouldDeny: nil):
      "allow" + (expected.contains("by") ? " by \(rule + 1)" : "")
    case .allow(_, let denial): "allow, would deny \(denial?.reason.rawValue ?? "nothing")"
    case .deny(let denial):
      "deny \(denial.reason.rawValue)"
        + (expected.contains("near")
          ? ", near \((denial.nearestMiss?.ruleIndex).map { "\($0 + 1)" } ?? "none")" : "")
    }
  }

  /// The texts in backquotes.
  private func spans(_ cell: String) -> [String] {
    cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
      .filter { $0.offset % 2 == 1 }.map { String($0.element) }
  }

  /// The first of a cell's texts in backquotes.
  private func span(_ row: Row, _ column: Int) throws -> String {
    try #require(spans(row.cells[column]).first)
  }

  /// `pattern :80,8000-8099 GET,HEAD ech=true mode=monitor limit=PERSECOND,BURST`
  private func parseRule(_ text: String) throws -> Rule {
    let words = text.split(separator: " ")
    var ports: [ClosedRange<UInt16>] = []
    var methods: [String] = []
    var mode: EnforcementMode?
    var limit: RateLimit?
    var encryptedHello: Bool?
    for word in words.dropFirst() {
      let key = word.split(separator: "=")
      switch key[0] {
      case "ech":
        encryptedHello = key[1] == "true"
        continue
      case "mode":
        mode = key[1] == "monitor" ? .monitor : .enforce
        continue
      case "limit":
        let numbers = key[1].split(separator: ",")
        limit = RateLimit(
          billionthsPerSecond: UInt64(try #require(Double(numbers[0])) * 1e9),
          burst: try #require(Int(numbers[1])))
        continue
      default: break
      }
      if word.hasPrefix(":") {
        ports = try word.dropFirst().split(separator: ",").map {
          let bounds = try $0.split(separator: "-").map { try #require(UInt16($0)) }
          return bounds[0]...bounds[bounds.count - 1]
        }
      } else {
        methods = word.split(separator: ",").map(String.init)
      }
    }
    return try rule(
      String(words[0]), ports: ports, methods: methods, mode: mode, limit: limit,
      encryptedHello: encryptedHello)
  }

  /// `TLS name:port -> address:port`: a kind, then a name, an address or both.
  private func parseFlow(_ text: String) throws -> Flow {
    let sides = text.components(separatedBy: "-> ")
    let words = sides[0].split(separator: " ").map(String.init)
    let isTLS = ["TLS", "ECH"].contains(words[0])
    let named = words.count > 1 ? hostAndPort(words[1]) : nil
    let addressed = sides.count > 1 ? hostAndPort(sides[1]) : nil
    let port = named?.port ?? addressed?.port ?? (isTLS ? 443 : 80)
    let address = addressed?.host ?? "203.0.113.7"
    switch words[0] {
    case "TLS", "ECH": return try tls(named?.host, to: address, port, ech: words[0] == "ECH")
    case "bytes": return try opaque(to: address, port)
    case "silence": return try silent(to: address, port)
    default: return try http(words[0], named?.host, to: address, port)
    }
  }

  private func hostAndPort(_ text: String) -> (host: String, port: UInt16?) {
    if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
      let port = text[end...].dropFirst(2)
      let host = text[text.index(after: text.startIndex)..<end]
      return (String(host), UInt16(port))
    }
    let parts = text.split(separator: ":")
    return (String(parts[0]), parts.count > 1 ? UInt16(parts[1]) : nil)
  }
}
