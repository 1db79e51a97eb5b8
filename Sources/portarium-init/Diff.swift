internal import ArgumentParser
internal import Capture
internal import Kernel

struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare what is in the kernel with what apply would put in force.",
    discussion: """
      - is missing from the kernel, + is in the kernel and shouldn't be. Counters don't count. Exit \
      codes: 0 no difference; 1 different, or not in force at all. Needs CAP_NET_ADMIN.
      """)

  @OptionGroup var document: DocumentOptions
  @Flag(help: "Print the difference as JSON.")
  var json = false

  func run() throws {
    let plan = try document.plan().completed()
    var difference = try RulesetDifference.now(from: plan)
    difference.routing = try RoutingDifference.now(from: plan)
    try StandardStream.output.write(json ? difference.json : difference.text)
    if !difference.isEmpty { throw ExitCode(ExitStatus.refused.rawValue) }
  }
}
