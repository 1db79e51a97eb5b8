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
    } else if let miss = search.methodMiss {
      denial = Denial(
        flow.method == nil ? .methodNotVisible : .methodNotAllowed, nearestMiss: miss)
    } else if let miss = search.portMiss {
      denial = Denial(.portNotAllowed, nearestMiss: miss)
    } else {
      denial = Denial(flow.reasonWithoutHost)
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

extension Flow {
  /// The reason where not even a rule's host matched.
  fileprivate var reasonWithoutHost: DenyReason {
    switch content {
    case .http: .hostNotAllowed
    case .tls: name == nil ? .noServerName : .hostNotAllowed
    case .opaque: .opaqueProtocol
    case .silent: .peekTimeout
    }
  }
}
