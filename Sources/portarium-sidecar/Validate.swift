import ArgumentParser
import Configuration
import Kernel
import Policy
import Telemetry

/// `validate`: reads the document as both programs would and says everything that is wrong.
struct Validate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check the configuration and show its warnings.")

  @OptionGroup var document: ConfigurationOption

  @Flag(help: "One JSON object for each error and warning.")
  var json = false

  func run() {
    guard !json else { return showJSON() }
    let loaded = document.load()
    let rules = loaded.document.egress.rules.count
    Sidecar.show(
      loaded.warnings.map { "warning: \($0)" } + [
        "valid: \(rules) \(rules == 1 ? "rule" : "rules"), \(loaded.document.enforcementMode)"
      ])
  }

  private func showJSON() {
    do throws(ConfigurationFailure) {
      let loaded = try Document.load(path: document.resolved)
      Sidecar.show(loaded.warnings.map { $0.jsonLine(severity: "warning") })
    } catch {
      if case .invalid(let errors) = error {
        Sidecar.show(errors.map { $0.jsonLine(severity: "error") })
      } else {
        Sidecar.say("\(error)")
      }
      Sidecar.exit(.badInput)
    }
  }
}

extension Diagnostic {
  /// One object; `suggestion` and `keyPath` only where there is one.
  fileprivate func jsonLine(severity: String) -> String {
    var buffer = TextBuffer()
    func add(_ key: String, _ text: String) {
      buffer.append("\"\(key)\":\"")
      buffer.append(escaping: text)
      buffer.append("\"")
    }
    buffer.append("{")
    add("severity", severity)
    buffer.append(",")
    add("file", file)
    buffer.append(",\"line\":\(line),\"column\":\(column),")
    if !keyPath.isEmpty {
      add("keyPath", keyPath)
      buffer.append(",")
    }
    add("message", message)
    if let suggestion {
      buffer.append(",")
      add("suggestion", suggestion)
    }
    buffer.append("}")
    return buffer.description
  }
}
