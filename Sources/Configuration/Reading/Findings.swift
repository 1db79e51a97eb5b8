/// Collects what is wrong, or worth saying, while one document is read.
///
/// Knows the path of the key that is being read, so that it is spelled out only where something
/// is reported. Lives for one `Document.parse` and never leaves its thread.
final class Findings {
  enum Step {
    case key(String)
    case index(Int)
  }

  /// More of either kind help nobody; the rest is counted.
  static let maximumCount = 1000

  private let file: String
  private let flags: [DocumentFlag]
  private var path: [Step] = []
  private var errors = Collected()
  private var warnings = Collected()

  init(file: String, flags: [DocumentFlag] = []) {
    self.file = file
    self.flags = flags
  }

  var hasErrors: Bool { !errors.kept.isEmpty }
  /// False once a further error will only be counted: what it says need not be worked out.
  var wantsErrors: Bool { errors.kept.count < Self.maximumCount }

  /// Runs `body` with `step` as the last part of the key path.
  func within<Result>(_ step: Step, _ body: () -> Result) -> Result {
    enter(step)
    defer { leave() }
    return body()
  }

  /// The same with several keys, each below the one before it.
  func within(_ keys: [String], _ body: () -> Void) {
    keys.forEach { enter(.key($0)) }
    body()
    keys.forEach { _ in leave() }
  }

  func enter(_ step: Step) { path.append(step) }
  func leave() { path.removeLast() }
  func leaveAll() { path = [] }

  func error(_ message: String, at position: Position, suggestion: String? = nil) {
    errors.add { diagnostic(message, position, suggestion) }
  }

  func warning(_ message: String, at position: Position, suggestion: String? = nil) {
    warnings.add { diagnostic(message, position, suggestion) }
  }

  /// In the order of their positions; the last says how many more there are.
  var sortedErrors: [Diagnostic] { sorted(errors, "errors") }
  var sortedWarnings: [Diagnostic] { sorted(warnings, "warnings") }

  private func sorted(_ collected: Collected, _ noun: String) -> [Diagnostic] {
    let inOrder = collected.kept.sorted { $0.position < $1.position }
    guard let last = inOrder.last, collected.furtherCount > 0 else { return inOrder }
    let rest = "and \(collected.furtherCount) more \(noun)"
    return inOrder + [
      Diagnostic(file: file, position: last.position, message: rest, flag: last.flag)
    ]
  }

  /// A key that is no word may be anything, such as a line of a file that was named by mistake,
  /// and is not shown.
  private static func isWord(_ key: String) -> Bool {
    (1...40).contains(key.utf8.count)
      && key.utf8.allSatisfy { $0.isLetterOrDigit || "_-.".utf8.contains($0) }
  }

  private struct Collected {
    var kept: [Diagnostic] = []
    var furtherCount = 0

    mutating func add(_ diagnostic: () -> Diagnostic) {
      if kept.count < Findings.maximumCount {
        kept.append(diagnostic())
      } else {
        furtherCount += 1
      }
    }
  }

  private func diagnostic(_ message: String, _ at: Position, _ suggestion: String?) -> Diagnostic {
    Diagnostic(
      file: file, position: at, keyPath: keyPath, message: onOneLine(message),
      suggestion: suggestion.map(onOneLine), flag: at.flagIndex.map { flags[$0] })
  }

  /// A place as another sentence mentions it: `line 7`, `--dns-port`.
  func mention(of position: Position) -> String {
    position.flagIndex.map { flags[$0].name } ?? "line \(position.line)"
  }

  private var keyPath: String {
    var text = ""
    for step in path {
      switch step {
      case .key(let key):
        let shown = Self.isWord(key) ? key : "?"
        text += text.isEmpty ? shown : ".\(shown)"
      case .index(let index): text += "[\(index)]"
      }
    }
    return text
  }
}
