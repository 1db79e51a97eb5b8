internal import Addressing

/// The rule that would allow a flow that was denied, in the document's terms.
package struct SuggestedRule: Hashable, Sendable {
  /// A name, or an address where the flow had no name or no name may lead there.
  package let hostPattern: String
  package let port: UInt16
  /// Empty where the method can't be seen: the rule would admit any.
  package let allowedMethods: [HTTPMethod]

  package init(hostPattern: String, port: UInt16, allowedMethods: [HTTPMethod]) {
    self.hostPattern = hostPattern
    self.port = port
    self.allowedMethods = allowedMethods
  }
}

extension Denial {
  /// The narrowest rule that, added to the allowlist, would allow `flow`; nil where no rule may.
  package func suggestedRule(for flow: Flow) -> SuggestedRule? {
    guard reason.dependsOnRules, flow.method?.isConnect != true,
      !FrontingNames.known.hideName(of: flow)
    else { return nil }
    let endpoint = flow.destination.endpoint
    var host = endpoint.address.description
    // No name leads to a forbidden address.
    if let name = flow.name, ForbiddenAddress(endpoint.address) == nil {
      // What a resolver would read as an address is no pattern.
      guard !name.endsInNumber else { return nil }
      host = name.description
    }
    return SuggestedRule(
      hostPattern: host, port: endpoint.port, allowedMethods: flow.method.map { [$0] } ?? [])
  }
}

extension DenyReason {
  /// True where another allowlist could have allowed the flow. Inbound rules are none.
  package var dependsOnRules: Bool {
    switch self {
    case .hostNotAllowed, .portNotAllowed, .methodNotAllowed, .methodNotVisible, .noServerName,
      .opaqueProtocol, .peekTimeout, .forbiddenAddress:
      true
    case .malformedClientHello, .encryptedClientHello, .malformedRequest, .ambiguousHost,
      .destinationMismatch, .originalDestinationUnavailable, .loopDetected, .rateLimited,
      .connectionLimit, .policyUnavailable, .internalError, .upstreamVerificationFailed,
      .tokenUnavailable, .peerNotAllowed, .noPeerCertificate, .identityUnavailable:
      false
    }
  }
}
