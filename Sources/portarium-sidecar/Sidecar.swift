import ArgumentParser
import Configuration
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
    version: Release.version,
    subcommands: [
      Run.self, CheckCommand.self, ReplayCommand.self, SuggestCommand.self, SchemaCommand.self,
      Validate.self, WaitCommand.self, IdentityCommand.self,
    ],
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

  /// The command's output: all of these lines. Ends the process where nobody takes them; a reader
  /// that has seen enough (`| head`) is no failure to speak of.
  static func show(_ lines: some Sequence<String>) {
    let text = lines.map { $0 + "\n" }.joined()
    guard !text.isEmpty else { return }
    StandardStream.ignoreBrokenPipe()
    do throws(Errno) {
      try StandardStream.output.write(text)
    } catch {
      if error != .brokenPipe { say("the output can't be written: \(error)") }
      exit(.systemRefused)
    }
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
