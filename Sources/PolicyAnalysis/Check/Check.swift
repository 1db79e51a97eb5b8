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

  /// `method` is what http targets are asked with; nil asks with GET.
  package init(ruleset: Ruleset, method: HTTPMethod? = nil, format: Format = .text) {
    policy = CheckedPolicy(ruleset)
    self.method = method
    self.format = format
  }

  /// Judges one target and returns the lines to print, without line ends.
  package mutating func run(_ text: String) -> [String] {
    do throws(CheckTargetError) {
      guard let method = method ?? HTTPMethod("GET") else { return [] }
      let result = policy.judge(try CheckTarget(text, method: method))
      if !result.isAllowed { exitCode = max(exitCode, 1) }
      return format == .json ? [result.jsonLine] : result.textLines(methodGiven: self.method)
    } catch {
      exitCode = 2
      return format == .json ? [error.jsonLine(for: text)] : [error.textLine(for: text)]
    }
  }

  /// The same for a line of a file or pipe: white space around the target is dropped, and a blank
  /// line says nothing.
  package mutating func run(line: String) -> [String] {
    guard let first = line.firstIndex(where: { !$0.isWhitespace }),
      let last = line.lastIndex(where: { !$0.isWhitespace })
    else { return [] }
    return run(String(line[first...last]))
  }

  /// Judges all of `targets` in order.
  package static func run(
    targets: some Sequence<String>, method: HTTPMethod? = nil, json: Bool, ruleset: Ruleset
  ) -> (output: [String], exitCode: Int32) {
    var check = Check(ruleset: ruleset, method: method, format: json ? .json : .text)
    let output = targets.flatMap { check.run($0) }
    return (output, check.exitCode)
  }
}
