internal import ArgumentParser
internal import Capture
internal import Kernel

struct Apply: ParsableCommand {
  // Without it the parser makes a name of the type's, which takes a millisecond.
  static let configuration = CommandConfiguration(
    commandName: "apply",
    abstract: "Put the ruleset in force, in place of an older one of ours. Needs CAP_NET_ADMIN.")

  @OptionGroup var document: DocumentOptions
  @Flag(help: "Print the ruleset and touch nothing, as plan does.")
  var dryRun = false
  @Option(help: "With --dry-run: nft or json, as for plan.")
  var format: RulesetFormat?

  func validate() throws {
    if format != nil, !dryRun { throw ValidationError("--format goes with --dry-run") }
  }

  func run() throws {
    let plan = try document.plan()
    if dryRun { return try (format ?? .nft).print(plan) }
    try Self.enforce(plan)
  }

  static func enforce(_ plan: CapturePlan) throws {
    let complete = try plan.completed()
    let installed = try Installation.apply(complete)
    let older = ExistingConnectionsNote(kept: installed.kept, cut: installed.cut)
    try StandardStream.output.write(
      "portarium-init: in force: \(complete.summary); \(installed.frames)\(older.clause)\n")
    // The ruleset is in force and refuses them: nothing is open.
    if let warning = older.warning {
      try? StandardStream.error.write("portarium-init: warning: \(warning)\n")
    }
  }
}

struct Plan: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Print what apply would put in force, as nft lists it. Needs no privilege.")

  @OptionGroup var document: DocumentOptions
  @Option(help: "nft: as nft prints it; json: as nft -j prints it.")
  var format = RulesetFormat.nft

  func run() throws { try format.print(document.plan()) }
}

/// How a ruleset is written.
enum RulesetFormat: String, ExpressibleByArgument {
  case nft, json

  func print(_ plan: CapturePlan) throws {
    try StandardStream.output.write(self == .json ? plan.nftJSON : plan.nftText)
  }
}

struct Remove: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove",
    abstract: "Take our ruleset away and leave everything else. Needs CAP_NET_ADMIN.")

  @Option(help: ArgumentHelp("Taken for uniformity; not read.", valueName: "path"))
  var config: String?

  func run() throws {
    let removed = try Installation.remove()
    let table = "table \(Ruleset.table)"
    try StandardStream.output.write(
      removed
        ? "portarium-init: removed the \(table)\n"
        : "portarium-init: nothing to remove: there is no \(table)\n")
  }
}
