package import Addressing
package import Policy

/// The `check` command: asks a policy about targets, one after the other, without a packet sent.
package struct Check {
  package enum Format: Sendable {
    /// Lines for people.
    case text
    /// One JSON object a target.
    case json
  }

  private let policy: CheckedPolicy
  private let method: HTTPMethod?
  private let format: Format

  /// 0 while every target was allowed, 1 once one was denied, 2 once one was none.
  package private(set) var exitCode: Int32 = 0

  /// - Parameters:
  ///   - source: whose flows they are, where policies are selected by source.
  ///   - method: what http targets are asked with; nil asks with GET.
  package init(
    ruleset: Ruleset, source: IPAddress? = nil, method: HTTPMethod? = nil, format: Format = .text
  ) {
    policy = CheckedPolicy(ruleset, source: source)
    self.method = method
    self.format = format
  }

  /// Judges targets and returns the lines to print, without line ends. What is judged together is
  /// one table.
  package mutating func run(_ targets: some Sequence<String>) -> [String] {
    var table = CheckTable(methodGiven: method)
    var lines: [String] = []
    for text in targets {
      do throws(CheckTargetError) {
        guard let method = method ?? HTTPMethod("GET") else { continue }
        let result = policy.judge(try CheckTarget(text, method: method))
        if !result.isAllowed { exitCode = max(exitCode, 1) }
        if format == .json { lines.append(result.jsonLine) } else { table.add(result) }
      } catch {
        exitCode = 2
        if format == .json {
          lines.append(error.jsonLine(for: text))
        } else {
          table.add(error, text)
        }
      }
    }
    return format == .json ? lines : table.lines
  }

  /// The same for lines of a file or pipe: white space around the target is dropped, and a blank line
  /// says nothing.
  package mutating func run(lines: some Sequence<String>) -> [String] {
    run(
      lines.compactMap { line in
        guard let first = line.firstIndex(where: { !$0.isWhitespace }),
          let last = line.lastIndex(where: { !$0.isWhitespace })
        else { return nil }
        return String(line[first...last])
      })
  }

  /// Judges all of `targets` in order.
  package static func run(
    targets: some Sequence<String>, method: HTTPMethod? = nil, source: IPAddress? = nil,
    json: Bool, ruleset: Ruleset
  ) -> (output: [String], exitCode: Int32) {
    var check = Check(
      ruleset: ruleset, source: source, method: method, format: json ? .json : .text)
    let output = check.run(targets)
    return (output, check.exitCode)
  }
}
