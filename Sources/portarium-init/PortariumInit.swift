internal import ArgumentParser
internal import Configuration
internal import Kernel

/// Programs a pod's network namespace so that nothing leaves the workload undecided.
@main
struct PortariumInit: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "portarium-init",
    abstract: "Redirects a workload's connections to its sidecar, and refuses what can't be.",
    discussion: """
      Exit codes: 0 done; 1 different; 2 bad arguments or configuration; 3 no permission; 4 the \
      kernel lacks something, which is named; 5 the kernel or the system refused.
      """,
    version: Release.version,
    subcommands: [
      Apply.self, Plan.self, Diff.self, Verify.self, Explain.self, Status.self, Remove.self,
      Inject.self,
    ],
    defaultSubcommand: Apply.self)

  static func main() {
    StandardStream.ignoreBrokenPipe()
    do {
      if let plain = PlainApply(CommandLine.arguments.dropFirst()) { return try plain.run() }
      var command = try parseAsRoot()
      try command.run()
    } catch  where Failure(error) == nil && exitCode(for: error).isSuccess {
      // --help
      exit(withError: error)
    } catch let code as ExitCode {
      // A verb that has said all it had to say.
      exit(withError: code)
    } catch {
      // What is none of ours is the parser's, whose own code for it is 64.
      (Failure(error) ?? Failure(.badInput, message(for: error))).exit()
    }
  }
}
