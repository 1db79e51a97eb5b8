internal import Addressing
internal import ArgumentParser
internal import Capture
internal import Kernel

struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Say which rule decides about a packet, and what happens to it. Sends nothing.",
    discussion: """
      The packet is the first one of a connection or flow. It is judged by the ruleset of the \
      document. Of this host's addresses only the loopback ones are known then: name another one by \
      --local.

      Exit codes: 0 it arrives or is captured; 1 it is refused or dropped; 2 bad arguments or \
      configuration.
      """)

  @OptionGroup var document: DocumentOptions
  @OptionGroup var flow: FlowOptions
  @Flag(help: "One JSON object.")
  var json = false

  @Flag(
    help: ArgumentHelp(
      "Judge by the rules in the kernel, this machine's addresses and its routing tables, without "
        + "a document. Needs CAP_NET_ADMIN."))
  var live = false

  func run() throws {
    let question = try flow.question(asksMachine: live)
    let explanation = question.explanation(under: try live ? liveRulesets() : planned(question))
    try StandardStream.output.write(json ? explanation.json : explanation.text)
    switch explanation.verdict {
    case .captured, .leaves, .reachesThisHost: return
    case .refused, .dropped: throw ExitCode(ExitStatus.refused.rawValue)
    }
  }

  private func planned(_ question: FlowQuestion) throws -> [Ruleset] {
    let plan = try document.plan()
    if plan.leavesResolversToMachine, question.packet.destinationPort == 53 {
      warn(
        "the document names no capture.resolvers; which ones \(ResolverFile.standardPath) will "
          + "name, only apply knows")
    }
    return [Ruleset(plan)]
  }

  private func liveRulesets() throws -> [Ruleset] {
    guard let (ruleset, unread) = try Ruleset.live() else {
      warn("there is no table \(Ruleset.table): nothing is captured")
      return []
    }
    for phrase in unread { warn("not understood and passed over: \(phrase)") }
    return [ruleset]
  }

  private func warn(_ text: String) {
    // Where nobody takes it, there is nobody to warn.
    try? StandardStream.error.write("portarium-init: warning: \(text)\n")
  }
}
