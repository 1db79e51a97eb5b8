package import Addressing

extension DenyReason {
  /// `sentence(for:)` of what arrives from outside: who was refused, and where it wanted to go.
  ///
  /// - Parameters:
  ///   - peer: nil where no certificate was verified.
  ///   - destination: nil where it isn't known.
  package func inboundSentence(
    peer: SPIFFEID?, destination: OriginalDestination?, method: HTTPMethod?
  ) -> String {
    let who = peer.map(\.description) ?? "a peer without a certificate"
    let port = destination.map { "port \($0.endpoint.port)" } ?? "the port"
    switch self {
    case .peerNotAllowed:
      return "No inbound rule is for \(who)."
    case .portNotAllowed:
      return "There are inbound rules for \(who), but none admits it to \(port)."
    case .methodNotAllowed:
      guard let method else {
        return "There are inbound rules for \(who) and \(port), but none admits the method."
      }
      guard !method.isConnect else {
        return "CONNECT to \(port) is refused: what a tunnel carries can't be judged."
      }
      return "There are inbound rules for \(who) and \(port), but none admits the method \(method)."
    case .methodNotVisible:
      return "The inbound rules for \(who) and \(port) admit only certain methods, and the method "
        + "can't be seen."
    case .noPeerCertificate:
      return "Only peers with a certificate that is trusted are admitted to \(port)."
    case .identityUnavailable:
      return "The proxy has no valid certificate of its own, so nobody is admitted."
    case .opaqueProtocol:
      return "What comes to \(port) is not HTTP/1, and the port is not declared to be opaque."
    case .policyUnavailable:
      return "No policy is in force yet, so nobody is admitted."
    default:
      return sentence(for: nil)
    }
  }
}
