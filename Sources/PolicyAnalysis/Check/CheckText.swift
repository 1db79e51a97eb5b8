internal import Addressing
internal import Policy

/// What is said of targets, for people: a line each, its columns in line with the others', and below
/// a denial why and what would change it.
struct CheckTable {
  /// The method that was asked for on the command line.
  let methodGiven: HTTPMethod?
  private var rows: [[String]] = []
  /// What stands below each row.
  private var remarks: [[String]] = []

  init(methodGiven: HTTPMethod?) { self.methodGiven = methodGiven }

  mutating func add(_ result: CheckResult) {
    rows.append([result.word, result.target.text.printable, result.why])
    remarks.append(result.remarks(methodGiven: methodGiven))
  }

  mutating func add(_ error: CheckTargetError, _ text: String) {
    rows.append(["error", text.withoutUserInfo.printable, error.description.printable])
    remarks.append([])
  }

  var lines: [String] {
    guard let first = rows.first else { return [] }
    var table = TextTable(first)
    for row in rows.dropFirst() { table.add(row) }
    return zip(table.lines, remarks).flatMap { [$0] + $1.map { "       " + $0 } }
  }
}

extension CheckResult {
  fileprivate var word: String {
    if isAllowed { return "allow" }
    return partlyAllowedBy.isEmpty ? "deny" : "partly"
  }

  fileprivate var why: String {
    guard let denial else { return matchedRule?.label ?? "" }
    return denial.reason.rawValue + (isEnforced ? "" : " (monitor: not enforced)")
  }

  fileprivate func remarks(methodGiven: HTTPMethod?) -> [String] {
    var lines: [String] = []
    if let denial {
      if target.block != nil {
        lines.append("refused: \(target.flow.destination.endpoint) is the first that is")
      }
      for rule in partlyAllowedBy.prefix(5) { lines.append("a part is allowed by \(rule.label)") }
      if partlyAllowedBy.count > 5 {
        lines.append("and by \(countText(partlyAllowedBy.count - 5, "rule")) more")
      }
      lines.append(denial.reason.sentence(for: target.flow))
      if let nearestRule, let miss = denial.nearestMiss {
        lines.append("nearest: \(nearestRule.label), which misses by \(miss.missed.noun)")
      }
      if let suggestedRule, target.block == nil {
        lines.append("would allow it: \(suggestedRule.yaml)")
      }
    }
    if methodGiven != nil, target.flow.method == nil {
      lines.append("note: the method can't be seen here and was not judged")
    }
    if dependsOnAddress {
      lines.append("note: address rules are judged for address targets only")
    }
    return lines
  }
}

extension NearestMiss.Missed {
  var noun: String {
    switch self {
    case .rate: "rate"
    case .clientHello: "clientHello"
    case .method: "method"
    case .port: "port"
    }
  }
}

extension Rule {
  /// `rule github (*.github.com)`.
  fileprivate var label: String {
    "rule \(name.printable)" + (name == pattern ? "" : " (\(pattern.printable))")
  }
}

extension SuggestedRule {
  /// An entry of `egress.allowlist`, ready to be pasted.
  fileprivate var yaml: String {
    var fields = ["hostPattern: \"\(hostPattern)\"", "port: \(port)"]
    if !allowedMethods.isEmpty {
      let methods = allowedMethods.map { "\"\($0)\"" }.joined(separator: ", ")
      fields.append("allowedMethods: [\(methods)]")
    }
    return "- {\(fields.joined(separator: ", "))}"
  }
}
