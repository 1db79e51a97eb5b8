import ArgumentParser
import Configuration
import Kernel
import Policy
import PolicyAnalysis

/// `replay`: what would this document have said to the flows of an audit log?
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Judge the flows of an audit log by another document and show which verdicts flip.",
    discussion: """
      Rate limits are not applied, and records of flows that no rule decided are counted apart.

      Exit status: 0 no verdict flips, 1 one does, 2 a line is no record or the configuration is \
      wrong.
      """)

  @OptionGroup var document: ConfigurationOption

  @Flag(help: "One JSON object.")
  var json = false

  @OptionGroup var logs: LogArguments

  func run() throws {
    let (replay, account) = logs.scan(Replay(document.load().document.ruleset))
    Sidecar.show(json ? [replay.json(account)] : replay.textLines(account))
    Sidecar.exit(ExitStatus(rawValue: replay.exitCode(account)) ?? .badInput)
  }
}

extension Document {
  /// Its policy, for asking.
  var ruleset: Ruleset {
    Ruleset(
      rules: egress.rules, policies: egress.policies, enforcementMode: enforcementMode)
  }
}
