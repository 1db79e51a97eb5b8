import ArgumentParser
import Configuration
import Kernel
import Policy
import PolicyAnalysis

/// `suggest`: which allowlist would admit what an audit log shows?
struct SuggestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "suggest",
    abstract: "Make the smallest readable allowlist that admits the flows of an audit log.",
    discussion: """
      Covers what was allowed and what monitor mode let pass. Names are put under a suffix only \
      where enough of them were seen below it, and never where the names below it may be of \
      different owners.

      Exit status: 0 done, 2 a line is no record or the configuration is wrong.
      """)

  @Option(
    name: .customLong("config"),
    help: "Only rules for what this document doesn't allow already.")
  var path: String?

  @Option(help: "How many names below a suffix make a rule of it.")
  var minSiblings = 3

  @Flag(help: "Cover what was refused, too.")
  var includeDenied = false

  @Flag(help: "One JSON object instead of a part of a document.")
  var json = false

  @OptionGroup var logs: LogArguments

  func validate() throws {
    if minSiblings < 2 { throw ValidationError("--min-siblings must be at least 2") }
  }

  func run() throws {
    var existing: Ruleset?
    if let path {
      var option = ConfigurationOption()
      option.path = path
      existing = option.load().document.ruleset
    }
    let (suggest, account) = logs.scan(
      Suggest(includesDenied: includeDenied, existing: existing))
    Sidecar.show(
      json
        ? [suggest.json(account, minimumSiblings: minSiblings)]
        : suggest.yamlLines(account, minimumSiblings: minSiblings))
    if suggest.hasTooManyFlows {
      Sidecar.say(
        "there are more than \(Suggest.maximumFlows) distinct flows; the rest is not covered")
    }
    Sidecar.exit(ExitStatus(rawValue: suggest.exitCode(account)) ?? .badInput)
  }
}
