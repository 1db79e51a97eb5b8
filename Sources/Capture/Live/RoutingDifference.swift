/// A routing rule of ours that should be there and isn't, or is and shouldn't be.
package struct RoutingDifference: Hashable, Sendable {
  /// Never `both`.
  package var presence: Presence
  package var rule: RoutingRule

  /// Each rule once, whatever the families: a rule that one of them lacks is missing.
  package static func all(
    desired: [RoutingRule], live: RoutingState, families: [RoutingFamily]
  ) -> [RoutingDifference] {
    let present = Set(
      live.rules.map(\.rule).filter { rule in
        families.allSatisfy { family in
          live.rules.contains { $0.rule == rule && $0.family == family }
        }
      })
    let missing = desired.filter { !present.contains($0) }
    let unexpected = Set(live.rules.map(\.rule)).subtracting(desired)
    return missing.map { RoutingDifference(presence: .missing, rule: $0) }
      + unexpected.map { RoutingDifference(presence: .unexpected, rule: $0) }
      .sorted { $0.text < $1.text }
  }

  /// What is in the kernel, held against what the plan needs.
  package static func now(from plan: CapturePlan) throws(RoutingError) -> [RoutingDifference] {
    all(desired: plan.routingRules, live: try Routing.current(), families: plan.routedFamilies)
  }

  /// As `ip rule` writes it.
  package var text: String {
    let mark = "0x" + String(rule.mark, radix: 16)
    let interface = rule.interface.map { " iif \($0)" } ?? ""
    return "rule fwmark \(mark)/\(mark)\(interface) lookup \(Routing.defaultTable)"
  }
}
