import ArgumentParser
import Kernel

/// `portarium-sidecar`: decides where a workload's connections may go, and carries them there.
@main
struct Sidecar: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "portarium-sidecar",
    abstract:
      "Carries a workload's connections where its allowlist lets them go, and nowhere else.",
    discussion: """
      Exit status: 0 done or allowed, 1 something denied, 2 wrong arguments or configuration, \
      3 no permission, 5 the system refused (for example a port in use), 6 drained by force.
      """,
    subcommands: [Run.self, CheckCommand.self, Validate.self],
    defaultSubcommand: Run.self)

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      // The parser's own code for wrong arguments is 64; ours is the one scripts know.
      let isUsage = exitCode(for: error) == .validationFailure
      if isUsage {
        say(fullMessage(for: error))
        exit(.badInput)
      }
      exit(withError: error)
    }
  }

  /// One sentence for the person who started it.
  static func say(_ sentence: String) {
    StandardStream.writeErrorLine(Array("portarium-sidecar: \(sentence)\n".utf8).span)
  }

  static func exit(_ status: ExitStatus) -> Never {
    exit(withError: ExitCode(status.rawValue))
  }
}

/// Where the document is.
struct ConfigurationOption: ParsableArguments {
  @Option(
    name: .customLong("config"),
    help: "The configuration. Default: $PORTARIUM_CONFIG, else /etc/portarium/config.yaml.")
  var path: String?
}
