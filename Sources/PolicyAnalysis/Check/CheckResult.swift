internal import Addressing
package import Policy

/// What the policy says to one target.
package struct CheckResult: Sendable {
  package let target: CheckTarget
  /// The rule that allows the flow; nil where it is denied.
  package let matchedRule: Rule?
  /// Why the allowlist refuses it; nil where it is allowed.
  package let denial: Denial?
  /// False in monitor mode where the flow is denied and passes all the same.
  package let isEnforced: Bool
  /// The rule that `denial` came closest to.
  package let nearestRule: Rule?
  package let suggestedRule: SuggestedRule?
  /// True where address rules could decide otherwise, depending on where the name leads.
  package let dependsOnAddress: Bool

  package var isAllowed: Bool { denial == nil }
}

/// A policy, ready to be asked about targets with the data plane's own decision.
struct CheckedPolicy {
  private let ruleset: Ruleset

  init(_ ruleset: Ruleset) {
    self.ruleset = ruleset
  }

  func judge(_ target: CheckTarget) -> CheckResult {
    guard target.namesAddress else {
      return judgeName(target)
    }
    if let early = ruleset.decideWithoutPeeking(target.flow.destination, from: nil, at: nil) {
      return result(target, early)
    }
    return result(target, ruleset.decide(target.flow, from: nil, at: nil))
  }

  /// A name target has no address that address rules could be judged by.
  private func judgeName(_ target: CheckTarget) -> CheckResult {
    guard let name = target.flow.name else {
      return result(target, ruleset.decide(target.flow, from: nil, at: nil))
    }
    return
      switch ruleset.decideBeforeResolving(
        name, port: target.flow.destination.endpoint.port, content: target.flow.content, from: nil)
    {
    case .mayPass(let rule, let wouldDeny):
      result(target, rule: rule, denial: wouldDeny, isEnforced: wouldDeny == nil)
    case .deny(let denial):
      result(target, rule: nil, denial: denial, isEnforced: true)
    }
  }

  private func result(_ target: CheckTarget, _ verdict: consuming Verdict) -> CheckResult {
    switch consume verdict {
    case .allow(let permit, let wouldDeny):
      result(
        target, rule: wouldDeny == nil ? permit.ruleIndex : nil, denial: wouldDeny,
        isEnforced: wouldDeny == nil)
    case .deny(let denial):
      result(target, rule: nil, denial: denial, isEnforced: true)
    }
  }

  private func result(
    _ target: CheckTarget, rule: Int?, denial: Denial?, isEnforced: Bool
  ) -> CheckResult {
    CheckResult(
      target: target, matchedRule: rule.map { ruleset.rule($0) }, denial: denial,
      isEnforced: isEnforced, nearestRule: denial?.nearestMiss.map { ruleset.rule($0.ruleIndex) },
      suggestedRule: denial?.suggestedRule(for: target.flow),
      dependsOnAddress: !target.namesAddress
        && ruleset.hasAddressRule(before: rule, for: nil))
  }
}
