package import Policy

/// How often each rule of the policy in force let something pass, as one worker counts it.
///
/// The first thousand names have a counter of their own, all other rules share one: a metric of a
/// series per rule would make a policy of a hundred thousand rules a burden to whoever stores it.
/// Made where the worker takes a policy; then one thread counts and any thread reads.
package final class RuleHits: Sendable {
  /// What people call the rule; `policy` is empty for the allowlist of all other clients.
  package struct Label: Hashable, Sendable {
    package let policy: String
    package let rule: String
  }

  private static let limit = 1000

  /// Each once; rules of one policy may share a name.
  private let labels: [Label]
  /// By the rule's place in the policy, as far as there are counters.
  private let slots: [UInt16]
  private let counts = InlineArray<1001, Counter> { _ in Counter() }

  /// - Parameter old: the counts before this policy. Rules that have the same names go on from there;
  ///   those that are gone are forgotten.
  package init(of policy: Ruleset, carryingOver old: RuleHits? = nil) {
    var known: [Label: UInt16] = [:]
    var labels: [Label] = []
    var slots: [UInt16] = []
    for index in 0..<min(policy.ruleCount, Self.limit) {
      let label = Label(
        policy: policy.policyName(ofRule: index) ?? "", rule: policy.ruleName(index))
      if let slot = known[label] {
        slots.append(slot)
      } else {
        known[label] = UInt16(labels.count)
        slots.append(UInt16(labels.count))
        labels.append(label)
      }
    }
    self.labels = labels
    self.slots = slots
    guard let old else { return }
    for (slot, label) in old.labels.enumerated() {
      if let new = known[label] { counts[Int(new)].add(old.counts[slot].value) }
    }
    counts[Self.limit].add(old.counts[Self.limit].value)
  }

  /// - Parameter rule: its place in the policy that this was made of.
  package func count(_ rule: Int) {
    counts[rule < slots.count ? Int(slots[rule]) : Self.limit].add(1)
  }

  /// The sum over workers that may not all have taken the same policy yet. Rules that have no counter
  /// of their own are the last entry, without a name.
  package static func sum(of all: [RuleHits]) -> [(label: Label, count: UInt64)] {
    // The newest policy's order; what only an older one has goes behind it.
    var places: [Label: Int] = [:]
    var sums: [(label: Label, count: UInt64)] = []
    var others: UInt64 = 0
    for hits in all {
      for (slot, label) in hits.labels.enumerated() {
        let count = hits.counts[slot].value
        if let place = places[label] {
          sums[place].count &+= count
        } else {
          places[label] = sums.count
          sums.append((label, count))
        }
      }
      others &+= hits.counts[Self.limit].value
    }
    return sums + [(Label(policy: "", rule: ""), others)]
  }
}
