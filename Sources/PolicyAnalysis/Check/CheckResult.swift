internal import Addressing
package import Policy

/// What the policy says to one target.
package struct CheckResult: Sendable {
  package let target: CheckTarget
  /// The place of `matchedRule` in the policy.
  let ruleIndex: Int?
  /// The rule that allows the flow; nil where it is denied. Of a block target the first of those that
  /// do.
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
  /// The rules that allow a part of a block target that is not allowed as a whole, in their order.
  package var partlyAllowedBy: [Rule] = []

  package var isAllowed: Bool { denial == nil }
}

/// A policy, ready to be asked about targets with the data plane's own decision.
struct CheckedPolicy {
  private let ruleset: Ruleset
  /// Whose flows they are; nil: of clients that no named policy is for.
  private let source: IPAddress?

  init(_ ruleset: Ruleset, source: IPAddress?) {
    self.ruleset = ruleset
    self.source = source
  }

  func judge(_ target: CheckTarget) -> CheckResult {
    if let block = target.block { return judge(target, block) }
    return target.namesAddress ? judgeAddress(target) : judgeName(target)
  }

  /// A block is allowed where each of its addresses is. What is said of one that isn't is said of the
  /// first that is refused.
  private func judge(_ target: CheckTarget, _ block: CIDR) -> CheckResult {
    let port = target.flow.destination.endpoint.port
    var allowedBy: [Int] = []
    var refused: CheckResult?
    for address in ruleset.addresses(standingFor: block, from: source) {
      let one = target.at(Endpoint(address: address, port: port))
      let result = judgeAddress(one)
      if result.isAllowed {
        if let rule = result.ruleIndex, !allowedBy.contains(rule) { allowedBy.append(rule) }
      } else if refused == nil {
        refused = result
      }
    }
    allowedBy.sort()
    guard var result = refused else {
      return self.result(target, rule: allowedBy.first, denial: nil, isEnforced: true)
    }
    result.partlyAllowedBy = allowedBy.map { ruleset.rule($0) }
    return result
  }

  private func judgeAddress(_ target: CheckTarget) -> CheckResult {
    if let early = ruleset.decideWithoutPeeking(target.flow.destination, from: source, at: nil) {
      return result(target, early)
    }
    return result(target, ruleset.decide(target.flow, from: source, at: nil))
  }

  /// A name target has no address that address rules could be judged by.
  private func judgeName(_ target: CheckTarget) -> CheckResult {
    guard let name = target.flow.name else {
      return result(target, ruleset.decide(target.flow, from: source, at: nil))
    }
    return
      switch ruleset.decideBeforeResolving(
        name, port: target.flow.destination.endpoint.port, content: target.flow.content,
        from: source)
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
      target: target, ruleIndex: rule, matchedRule: rule.map { ruleset.rule($0) }, denial: denial,
      isEnforced: isEnforced, nearestRule: denial?.nearestMiss.map { ruleset.rule($0.ruleIndex) },
      suggestedRule: denial?.suggestedRule(for: target.flow),
      dependsOnAddress: !target.namesAddress
        && ruleset.hasAddressRule(before: rule, for: source))
  }
}
