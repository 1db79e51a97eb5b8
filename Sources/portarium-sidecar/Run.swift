import ArgumentParser
import Configuration
import ControlPlane
import Kernel
import Logging

/// `run`: serves until SIGTERM or SIGINT, then drains.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve redirected connections until SIGTERM (the default).")

  @OptionGroup var document: ConfigurationOption
  @OptionGroup var logging: LogLevelOption

  func run() throws {
    let level = logging.level()
    let loaded = document.load()
    Sidecar.exit(Service(loaded, path: document.resolved, logLevel: LogLevel(level)).serve())
  }
}

/// How much is logged on standard error.
struct LogLevelOption: ParsableArguments {
  static let variable = "PORTARIUM_LOG_LEVEL"

  @Option(
    name: .customLong("log-level"),
    help: """
      \(LogLevel.names.joined(separator: ", ")). Default: $\(variable), else \
      \(Logger.Level.info.rawValue).
      """)
  var name: String?

  func validate() throws {
    if let name, Logger.Level(rawValue: name) == nil { throw ValidationError(Self.complaint) }
  }

  /// The level, or the end of the process where the variable names none. An empty one counts as
  /// unset.
  func level() -> Logger.Level {
    let variable = Environment.variable(Self.variable).flatMap { $0.isEmpty ? nil : $0 }
    guard let wanted = name ?? variable else { return .info }
    if let level = Logger.Level(rawValue: wanted) { return level }
    Sidecar.say("\(Self.variable): \(Self.complaint)")
    Sidecar.exit(.badInput)
  }

  private static let complaint =
    "there is no such log level; there are \(LogLevel.names.joined(separator: ", "))"
}

extension ConfigurationOption {
  /// The document, or the end of the process with every error in it.
  func load() -> Loaded {
    do {
      return try Document.load(path: resolved)
    } catch {
      for sentence in "\(error)".split(separator: "\n") { Sidecar.say(String(sentence)) }
      Sidecar.exit(.badInput)
    }
  }

  /// Where the document is, by flag, environment or default.
  var resolved: String {
    let variable = DocumentPath.variable
    let environment = Environment.variable(variable).map { [variable: $0] } ?? [:]
    return DocumentPath.resolve(flag: path, environment: environment)
  }
}
