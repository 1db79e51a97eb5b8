package import Addressing

/// The policy in force: the allowlists of all clients, compiled for deciding.
///
/// Immutable but for what its rate limits have left. Made by the control thread, read by every
/// worker at once; deciding neither allocates nor takes a lock.
package final class Ruleset: Sendable {
  package let enforcementMode: EnforcementMode
  /// First the one for clients that no policy is for.
  private let allowlists: [Allowlist]
  private let selector: SourceSelector
  private let frontingNames = FrontingNames.known

  /// - Parameters:
  ///   - rules: for clients that none of `policies` is for.
  ///   - carryingOver: the policy before this one. What a rule's rate limit has left there it has
  ///     here, where policy, name, pattern and limit are the same.
  package init(
    rules: RuleList, policies: [SourcePolicy] = [], enforcementMode: EnforcementMode,
    carryingOver old: Ruleset? = nil
  ) {
    self.enforcementMode = enforcementMode
    selector = SourceSelector(policies)
    var buckets = old.map { KnownBuckets(in: $0.allowlists) } ?? KnownBuckets()
    var allowlists = [Allowlist(rules, policy: nil, base: 0, &buckets)]
    for policy in policies {
      let base = allowlists[allowlists.count - 1].end
      allowlists.append(Allowlist(policy.rules, policy: policy.name, base: base, &buckets))
    }
    self.allowlists = allowlists
  }

  package convenience init(
    rules: [Rule], policies: [SourcePolicy] = [], enforcementMode: EnforcementMode,
    carryingOver old: Ruleset? = nil
  ) {
    self.init(
      rules: RuleList(rules), policies: policies, enforcementMode: enforcementMode,
      carryingOver: old)
  }

  /// Judges a flow whose first bytes are known: the first rule whose host, port and method all
  /// match allows it, and where none does it is refused with its nearest miss.
  ///
  /// In monitor mode what the allowlist refuses passes, with the denial beside the permit; a
  /// destination of a forbidden class and CONNECT, which can't be relayed, are refused even so.
  ///
  /// - Parameters:
  ///   - source: selects the allowlist; nil selects the one for all other clients.
  ///   - now: nanoseconds of the monotonic clock: the flow takes a token of its rule's rate limit.
  ///     Nil: rate limits are not looked at. Each request, and each connection that carries none,
  ///     takes one token, however often it is judged.
  package func decide(
    _ flow: borrowing Flow, from source: IPAddress?, at now: UInt64?
  ) -> Verdict {
    let list = selector.allowlist(for: source)
    let forbidden = ForbiddenAddress(flow.destination.endpoint.address)
    let isConnect = flow.method?.isConnect == true
    let search = allowlists[list].rules.search(flow, forbidden: forbidden)

    let denial: Denial
    if forbidden != nil, search.hostMatch == nil {
      denial = Denial(.forbiddenAddress)
    } else if isConnect {
      denial = self.denial(.methodNotAllowed, search.nearestMiss, in: list)
    } else if let rule = search.match {
      guard let refusal = refusal(of: flow, by: rule, in: list, at: now) else {
        return .allow(permit(flow, rule, in: list), wouldDeny: nil)
      }
      denial = refusal
    } else if frontingNames.hideName(of: flow) {
      denial = Denial(.encryptedClientHello)
    } else {
      denial = self.denial(of: flow.content, hasName: flow.name != nil, search, in: list)
    }

    guard mode(of: denial) == .monitor, forbidden == nil, !isConnect else { return .deny(denial) }
    return .allow(permit(flow, search.match, in: list), wouldDeny: denial)
  }

  /// Judges a name that the proxy is asked to reach and would have to resolve: only what some rule
  /// could allow may be asked of a name server, or names alone would carry data out. Address rules
  /// are not tried, for whether one matches is not known before the answer; nor are rate limits.
  ///
  /// The address that the name turns out to have is judged by `decide`, whose permit alone connects.
  package func decideBeforeResolving(
    _ name: HostName, port: UInt16, content: Flow.Content, from source: IPAddress?
  ) -> Prospect {
    let list = selector.allowlist(for: source)
    let search = allowlists[list].rules.search(name: name, port: port, content: content)
    if let rule = search.match {
      return .mayPass(rule: allowlists[list].base + rule, wouldDeny: nil)
    }
    guard content.method?.isConnect != true else {
      return .deny(denial(.methodNotAllowed, search.nearestMiss, in: list))
    }
    let denial = self.denial(of: content, hasName: true, search, in: list)
    return mode(of: denial) == .monitor
      ? .mayPass(rule: nil, wouldDeny: denial) : .deny(denial)
  }

  /// Judges a connection before any byte of it is read; nil where its bytes must be seen first, and
  /// then it has taken no token.
  ///
  /// Non-nil only where the first rule that could still match names the address and the port and
  /// has no `allowedMethods`: for protocols in which the server speaks first.
  package func decideWithoutPeeking(
    _ destination: OriginalDestination, from source: IPAddress?, at now: UInt64?
  ) -> Verdict? {
    let list = selector.allowlist(for: source)
    guard let rule = allowlists[list].rules.ruleBeforeBytes(to: destination.endpoint) else {
      return nil
    }
    let permit = Permit(destination: destination, ruleIndex: allowlists[list].base + rule)
    guard let denial = rateRefusal(by: rule, in: list, at: now) else {
      return .allow(permit, wouldDeny: nil)
    }
    let passes =
      mode(of: denial) == .monitor && ForbiddenAddress(destination.endpoint.address) == nil
    return passes ? .allow(permit, wouldDeny: denial) : .deny(denial)
  }
}

extension Ruleset {
  private func permit(_ flow: borrowing Flow, _ rule: Int?, in list: Int) -> Permit {
    Permit(
      destination: flow.destination, ruleIndex: rule.map { allowlists[list].base + $0 })
  }

  private func mode(of denial: Denial) -> EnforcementMode {
    denial.enforcementMode ?? enforcementMode
  }

  /// Why a flow is refused though host, port and method are the rule's.
  private func refusal(
    of flow: borrowing Flow, by rule: Int, in list: Int, at now: UInt64?
  ) -> Denial? {
    if case .tls(encryptedClientHello: true) = flow.content {
      let isAdmitted =
        switch allowlists[list].rules.list.entries[rule].allowsEncryptedClientHello {
        case true: true
        case false: false
        case nil: !frontingNames.hideName(of: flow)
        }
      if !isAdmitted {
        return denial(
          .encryptedClientHello, NearestMiss(ruleIndex: rule, missed: .clientHello), in: list)
      }
    }
    return rateRefusal(by: rule, in: list, at: now)
  }

  private func rateRefusal(by rule: Int, in list: Int, at now: UInt64?) -> Denial? {
    guard let now else { return nil }
    let limit = allowlists[list].rules.list.entries[rule].limit
    guard limit != RuleList.Entry.none,
      let wait = allowlists[list].buckets[Int(limit)].take(at: now)
    else { return nil }
    return denial(
      .rateLimited, NearestMiss(ruleIndex: rule, missed: .rate), in: list,
      retryAfterSeconds: Int((wait - 1) / 1_000_000_000) + 1)
  }

  /// The refusal of a flow that no rule matched.
  private func denial(
    of content: Flow.Content, hasName: Bool, _ search: RuleSearch, in list: Int
  ) -> Denial {
    if let miss = search.nearestMiss {
      guard miss.missed == .method else { return denial(.portNotAllowed, miss, in: list) }
      return denial(
        content.method == nil ? .methodNotVisible : .methodNotAllowed, miss, in: list)
    }
    // Not even a rule's host matched.
    return switch content {
    case .http, .tunnel: Denial(.hostNotAllowed)
    case .tls: Denial(hasName ? .hostNotAllowed : .noServerName)
    case .opaque: Denial(.opaqueProtocol)
    case .silent: Denial(.peekTimeout)
    }
  }

  /// - Parameter miss: by the rule's place in its allowlist.
  private func denial(
    _ reason: DenyReason, _ miss: NearestMiss?, in list: Int, retryAfterSeconds: Int? = nil
  ) -> Denial {
    guard let miss else { return Denial(reason) }
    return Denial(
      reason,
      nearestMiss: NearestMiss(
        ruleIndex: allowlists[list].base + miss.ruleIndex, missed: miss.missed),
      enforcementMode: allowlists[list].rules.list.entries[miss.ruleIndex]
        .enforcementMode, retryAfterSeconds: retryAfterSeconds)
  }
}

// The rules behind the numbers. Places count through all allowlists: first the one for all other
// clients, then the policies' in their order.
extension Ruleset {
  package var ruleCount: Int { allowlists[allowlists.count - 1].end }

  /// - Returns: what people call the rule; making it costs no allocation.
  package func ruleName(_ index: Int) -> String {
    let list = allowlist(of: index)
    return allowlists[list].names[index - allowlists[list].base]
  }

  package func rule(_ index: Int) -> Rule {
    let list = allowlists[allowlist(of: index)]
    return list.rules.list[index - list.base]
  }

  /// The name of the policy that the rule belongs to; nil for the allowlist for all other clients.
  package func policyName(ofRule index: Int) -> String? {
    allowlists[allowlist(of: index)].policy
  }

  /// The names of the policies by their place; the first has none, for it judges what comes from
  /// clients that no policy is for.
  package var policyNames: [String?] { allowlists.map(\.policy) }

  /// The place of the policy that judges what comes from `source`.
  package func policyPlace(for source: IPAddress?) -> Int { selector.allowlist(for: source) }

  /// The rules that judge what comes from `source`.
  package func ruleRange(for source: IPAddress?) -> Range<Int> {
    let list = selector.allowlist(for: source)
    return allowlists[list].base..<allowlists[list].end
  }

  /// Whether a rule about addresses is tried before the rule `index` (nil: at all) on what comes
  /// from `source`.
  package func hasAddressRule(before index: Int?, for source: IPAddress?) -> Bool {
    let list = selector.allowlist(for: source)
    guard let first = allowlists[list].rules.firstAddressRule else { return false }
    return index.map { allowlists[list].base + first < $0 } ?? true
  }

  /// What becomes of flows that the rule refuses.
  package func enforcementMode(ofRule index: Int) -> EnforcementMode {
    let list = allowlist(of: index)
    return allowlists[list].rules.list.entries[index - allowlists[list].base]
      .enforcementMode ?? enforcementMode
  }

  /// Whether the request that `permit` is for says to its server who sends it. The permit is one of
  /// this policy's; what monitor mode let pass though no rule matched says nothing.
  package func addsIdentityHeaders(_ permit: borrowing Permit) -> Bool {
    guard let index = permit.ruleIndex else { return false }
    let list = allowlist(of: index)
    return allowlists[list].rules.list.entries[index - allowlists[list].base]
      .addsIdentityHeaders
  }

  /// The allowlist that holds the rule.
  private func allowlist(of index: Int) -> Int {
    var (low, high) = (0, allowlists.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if allowlists[middle].base <= index { low = middle } else { high = middle }
    }
    return low
  }
}
