import Addressing
import ArgumentParser
import Configuration
import DataPlane
import Kernel
import Policy

/// `run`: serves until SIGTERM or SIGINT, then drains.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve redirected connections until SIGTERM (the default).")

  @OptionGroup var document: ConfigurationOption

  func run() throws {
    let loaded = document.load()
    for warning in loaded.warnings { Sidecar.say("warning: \(warning)") }
    Sidecar.exit(Service(loaded.document).serve())
  }
}

extension ConfigurationOption {
  /// The document, or the end of the process with every error in it.
  func load() -> Loaded {
    let variable = DocumentPath.variable
    let environment = Environment.variable(variable).map { [variable: $0] } ?? [:]
    do {
      return try Document.load(path: DocumentPath.resolve(flag: path, environment: environment))
    } catch {
      for sentence in "\(error)".split(separator: "\n") { Sidecar.say(String(sentence)) }
      Sidecar.exit(.badInput)
    }
  }
}
