package import Addressing

/// The policy in force: an immutable list of rules, compiled for deciding.
///
/// Made by the control thread, read by every worker at once; deciding neither allocates nor
/// touches a reference count.
package final class Ruleset: Sendable {
  /// In the order in which they are tried; `Permit.ruleIndex` and `NearestMiss.ruleIndex` point
  /// into it.
  package let rules: [Rule]
  package let enforcementMode: EnforcementMode
  private let compiled: CompiledRules
  private let frontingNames = FrontingNames.known

  package init(rules: [Rule], enforcementMode: EnforcementMode) {
    self.rules = rules
    self.enforcementMode = enforcementMode
    compiled = CompiledRules(rules)
  }

  /// Judges a flow whose first bytes are known: the first rule whose host, port and method all
  /// match allows it, and where none does it is refused with its nearest miss.
  ///
  /// In monitor mode what the allowlist refuses passes, with the denial beside the permit; a
  /// destination of a forbidden class and CONNECT, which can't be relayed, are refused even so.
  package func decide(_ flow: borrowing Flow) -> Verdict {
    let forbidden = ForbiddenAddress(flow.destination.endpoint.address)
    let isConnect = flow.method?.isConnect == true
    let search = compiled.search(flow, forbidden: forbidden)

    let denial: Denial
    if forbidden != nil, !search.foundHost {
      denial = Denial(.forbiddenAddress)
    } else if isConnect {
      denial = Denial(.methodNotAllowed, nearestMiss: search.methodMiss ?? search.portMiss)
    } else if frontingNames.hideName(of: flow) {
      denial = Denial(.encryptedClientHello)
    } else if let rule = search.match {
      return .allow(Permit(destination: flow.destination, ruleIndex: rule), wouldDeny: nil)
    } else {
      denial = search.denial(of: flow.content, hasName: flow.name != nil)
    }

    if enforcementMode == .monitor, forbidden == nil, !isConnect {
      return .allow(Permit(destination: flow.destination, ruleIndex: nil), wouldDeny: denial)
    }
    return .deny(denial)
  }

  /// Whether the request that `permit` is for says to its server who sends it. The permit is one of
  /// this policy's; what monitor mode alone let pass says nothing.
  package func addsIdentityHeaders(_ permit: borrowing Permit) -> Bool {
    guard let rule = permit.ruleIndex else { return false }
    return compiled.addsIdentityHeaders(rule)
  }

  /// Judges a name that the proxy is asked to reach and would have to resolve: only what some rule
  /// could allow may be asked of a name server, or names alone would carry data out. Address rules
  /// are not tried, for whether one matches is not known before the answer.
  ///
  /// The address that the name turns out to have is judged by `decide`, whose permit alone connects.
  package func decideBeforeResolving(
    _ name: HostName, port: UInt16, content: Flow.Content
  ) -> Prospect {
    let search = compiled.search(name: name, port: port, content: content)
    if let rule = search.match { return .mayPass(rule: rule, wouldDeny: nil) }
    let denial = search.denial(of: content, hasName: true)
    return enforcementMode == .monitor ? .mayPass(rule: nil, wouldDeny: denial) : .deny(denial)
  }

  /// Judges a connection before any byte of it is read; nil where its bytes must be seen first.
  ///
  /// Non-nil only where the first rule that could still match names the address and the port and
  /// has no `allowedMethods`: for protocols in which the server speaks first.
  package func decideWithoutPeeking(_ destination: OriginalDestination) -> Verdict? {
    compiled.ruleBeforeBytes(to: destination.endpoint).map { rule in
      .allow(Permit(destination: destination, ruleIndex: rule), wouldDeny: nil)
    }
  }
}

extension RuleSearch {
  /// The refusal of a flow that no rule matched.
  fileprivate func denial(of content: Flow.Content, hasName: Bool) -> Denial {
    if let miss = methodMiss {
      return Denial(
        content.method == nil ? .methodNotVisible : .methodNotAllowed, nearestMiss: miss)
    }
    if let miss = portMiss { return Denial(.portNotAllowed, nearestMiss: miss) }
    // Not even a rule's host matched.
    return switch content {
    case .http, .tunnel: Denial(.hostNotAllowed)
    case .tls: Denial(hasName ? .hostNotAllowed : .noServerName)
    case .opaque: Denial(.opaqueProtocol)
    case .silent: Denial(.peekTimeout)
    }
  }
}
