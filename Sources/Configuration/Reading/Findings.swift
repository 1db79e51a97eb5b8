/// Collects what is wrong, or worth saying, while one document is read.
///
/// Knows the path of the key that is being read, so that it is spelled out only where something
/// is reported. Lives for one `Document.parse` and never leaves its thread.
final class Findings {
  enum Step {
    case key(String)
    case index(Int)
  }

  private let file: String
  private var path: [Step] = []
  private var errors: [Diagnostic] = []
  private var warnings: [Diagnostic] = []

  init(file: String) { self.file = file }

  var hasErrors: Bool { !errors.isEmpty }

  /// Runs `body` with `step` as the last part of the key path.
  func within<Result>(_ step: Step, _ body: () -> Result) -> Result {
    enter(step)
    defer { leave() }
    return body()
  }

  func enter(_ step: Step) { path.append(step) }
  func leave() { path.removeLast() }
  func leaveAll() { path = [] }

  func error(_ message: String, at position: Position, suggestion: String? = nil) {
    errors.append(diagnostic(message, position, suggestion))
  }

  func warning(_ message: String, at position: Position, suggestion: String? = nil) {
    warnings.append(diagnostic(message, position, suggestion))
  }

  var sortedErrors: [Diagnostic] { errors.sorted { $0.position < $1.position } }
  var sortedWarnings: [Diagnostic] { warnings.sorted { $0.position < $1.position } }

  private func diagnostic(_ message: String, _ at: Position, _ suggestion: String?) -> Diagnostic {
    Diagnostic(
      file: file, position: at, keyPath: keyPath, message: message, suggestion: suggestion)
  }

  private var keyPath: String {
    var text = ""
    for step in path {
      switch step {
      case .key(let key): text += text.isEmpty ? key : ".\(key)"
      case .index(let index): text += "[\(index)]"
      }
    }
    return text
  }
}
