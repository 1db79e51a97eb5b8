extension RulesetDifference {
  /// What is in the kernel of the calling thread's network namespace, held against what `apply`
  /// would put there.
  ///
  /// - Parameter plan: completed by what only the machine knows, as `apply` does.
  package static func now(from plan: CapturePlan) throws(DumpError) -> RulesetDifference {
    let desired = Ruleset(plan)
    let dump = try Dump.table(.inet, desired.table.name)
    return RulesetDifference([
      TableDifference(
        desired.table, desired: LiveRuleset(desired: desired),
        live: dump.map { LiveRuleset($0, of: desired.table) })
    ])
  }
}
