internal import Addressing
internal import ArgumentParser
internal import Capture
internal import Kernel

struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
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

  func run() throws {
    let question = try flow.question()
    let plan = try document.plan()
    let explanation = question.explanation(under: [Ruleset(plan)])
    if plan.leavesResolversToMachine, explanation.packet.destinationPort == 53 {
      try? StandardStream.error.write(
        "portarium-init: warning: the document names no capture.resolvers; which ones "
          + "\(ResolverFile.standardPath) will name, only apply knows\n")
    }
    try StandardStream.output.write(json ? explanation.json : explanation.text)
    switch explanation.verdict {
    case .captured, .leaves, .reachesThisHost: return
    case .refused, .dropped: PortariumInit.exit(withError: ExitCode(ExitStatus.refused.rawValue))
    }
  }
}
