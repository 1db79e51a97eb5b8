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
  /// The same rules, in the same places, without a block that could match: a name target has no
  /// address that they could be judged by.
  private let nameRuleset: Ruleset

  init(_ ruleset: Ruleset) {
    self.ruleset = ruleset
    nameRuleset = Ruleset(
      rules: ruleset.rules.map(\.withoutAddresses), enforcementMode: ruleset.enforcementMode)
  }

  func judge(_ target: CheckTarget) -> CheckResult {
    guard target.namesAddress else {
      return result(target, nameRuleset.decide(target.flow))
    }
    if let early = ruleset.decideWithoutPeeking(target.flow.destination) {
      return result(target, early)
    }
    return result(target, ruleset.decide(target.flow))
  }

  private func result(_ target: CheckTarget, _ verdict: consuming Verdict) -> CheckResult {
    let ruleIndex: Int?
    let denial: Denial?
    let isEnforced: Bool
    switch consume verdict {
    case .allow(let permit, let wouldDeny):
      (ruleIndex, denial, isEnforced) = (permit.ruleIndex, wouldDeny, wouldDeny == nil)
    case .deny(let reason):
      (ruleIndex, denial, isEnforced) = (nil, reason, true)
    }
    let rules = ruleset.rules
    return CheckResult(
      target: target, matchedRule: ruleIndex.map { rules[$0] }, denial: denial,
      isEnforced: isEnforced, nearestRule: denial?.nearestMiss.map { rules[$0.ruleIndex] },
      suggestedRule: denial?.suggestedRule(for: target.flow),
      dependsOnAddress: !target.namesAddress
        && rules[..<(ruleIndex ?? rules.endIndex)].contains(where: \.isAboutAddresses))
  }
}

extension Rule {
  fileprivate var isAboutAddresses: Bool {
    if case .block = matcher { true } else { false }
  }

  /// The rule itself, or, where it is about addresses, one that no connection matches.
  fileprivate var withoutAddresses: Rule {
    guard isAboutAddresses else { return self }
    return Rule(
      name: name, pattern: pattern, matcher: .block(.nowhere), ports: ports,
      allowedMethods: allowedMethods)
  }
}

extension CIDR {
  /// The unspecified address alone, where no connection goes and which no target's flow has.
  fileprivate static let nowhere = CIDR(.v6(IPv6Address(rawValue: 0)))
}
