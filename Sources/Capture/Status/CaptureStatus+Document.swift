extension CaptureStatus.Document {
  /// - Parameter plan: completed.
  package init(of dump: TableDump?, with plan: CapturePlan) {
    let desired = Ruleset(plan)
    let difference = TableDifference(
      desired.table, desired: LiveRuleset(desired: desired),
      live: dump.map { LiveRuleset($0, of: desired.table) })
    self =
      difference.state == .equal
      ? .same : .differs(places: max(1, difference.sets.count + difference.chains.count))
  }
}
