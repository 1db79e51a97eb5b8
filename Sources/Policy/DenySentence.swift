internal import Addressing

extension DenyReason {
  /// One sentence, with its full stop, that tells a person what was refused and why: for replies,
  /// logs and `check`. `flow` is nil where the connection ended before there was one.
  package func sentence(for flow: Flow?) -> String {
    var host: String { flow.map(\.hostText) ?? "the destination" }
    var target: String { flow.map(\.targetText) ?? "the destination" }
    var peer: String { flow?.destination.description ?? "the destination" }
    switch self {
    case .hostNotAllowed:
      return "No rule allows \(target)."
    case .portNotAllowed:
      guard let flow else { return "There are rules for the host, but none allows the port." }
      let port = flow.destination.endpoint.port
      return "There are rules for \(host), but none allows port \(port)."
    case .methodNotAllowed:
      guard let method = flow?.method else {
        return "There are rules for the host and port, but none allows the method."
      }
      guard !method.isConnect else {
        return "CONNECT to \(target) is refused: what a tunnel carries can't be judged."
      }
      return "There are rules for \(target), but none allows the method \(method)."
    case .methodNotVisible:
      return "The rules for \(target) allow only certain methods, and the method can't be seen in "
        + "\(flow?.contentText ?? "this traffic")."
    case .noServerName:
      return "The TLS connection to \(peer) names no server, and no rule allows the address."
    case .malformedClientHello:
      return "The TLS handshake with \(target) can't be read: it is malformed or too long."
    case .encryptedClientHello:
      guard let flow, FrontingNames.known.hideName(of: flow) else {
        return
          "The TLS handshake with \(target) holds an encrypted ClientHello, and the rule for it "
          + "admits none."
      }
      return "The TLS handshake names \(host), a front behind which an encrypted ClientHello hides "
        + "the real host."
    case .malformedRequest:
      return "The HTTP request to \(target) can't be read without doubt."
    case .ambiguousHost:
      return "The HTTP request to \(target) doesn't say beyond doubt which host it is for."
    case .opaqueProtocol:
      return "The traffic to \(peer) is neither TLS nor HTTP, and no rule allows the address."
    case .peekTimeout:
      return "The connection to \(peer) said nothing that could be judged in time, and no rule "
        + "allows the address and port."
    case .destinationMismatch:
      guard let name = flow?.name else {
        return "What the tunnel carries is for another host than the tunnel was opened to."
      }
      return "What the tunnel carries is for \(name), and the tunnel was opened to another host."
    case .forbiddenAddress:
      guard let flow else { return "No rule names the destination's address." }
      return flow.forbiddenText
    case .originalDestinationUnavailable:
      return "The system doesn't say where the connection was going."
    case .loopDetected:
      return "The connection was made to the proxy itself."
    case .rateLimited:
      return "The rule that allows \(target) admits no more at this rate."
    case .connectionLimit:
      return "The proxy has as many connections as it may have."
    case .policyUnavailable:
      return "No policy is in force yet, so nothing is allowed."
    case .internalError:
      return "The proxy failed to judge the connection to \(target), so it is refused."
    case .upstreamVerificationFailed:
      return "What answers at \(target) did not prove to be whom the rule for it expects."
    case .tokenUnavailable:
      return "The rule for \(target) adds the workspace's token, and there is no valid one."
    case .peerNotAllowed:
      return "No inbound rule admits this peer to \(target)."
    case .noPeerCertificate:
      return "The connection to \(target) came without a client certificate that is trusted."
    case .identityUnavailable:
      return "The connection to \(target) needs a certificate of the proxy's own, and there is no "
        + "valid one."
    }
  }
}

extension Flow {
  /// The name, or the address where there is none.
  fileprivate var hostText: String {
    name?.description ?? destination.endpoint.address.description
  }

  /// `example.com:443`, `[::1]:443`.
  fileprivate var targetText: String {
    guard let name else { return destination.description }
    return "\(name):\(destination.endpoint.port)"
  }

  fileprivate var contentText: String {
    switch content {
    case .http: "this request"
    case .tls: "encrypted traffic"
    case .opaque: "traffic that is neither TLS nor HTTP"
    case .silent: "a connection that has said nothing yet"
    case .tunnel: "a tunnel"
    }
  }

  fileprivate var forbiddenText: String {
    let address = destination.endpoint.address
    let kind = ForbiddenAddress(address)?.addressClass.noun ?? "special"
    let subject = name.map { "\($0) leads to the \(kind) address \(address)" }
    return (subject ?? "\(address) is \(kind == "unspecified" ? "an" : "a") \(kind) address")
      + ", which only a rule that names the address allows."
  }
}

extension AddressClass {
  /// Stands before "address".
  fileprivate var noun: String {
    switch self {
    case .loopback: "loopback"
    case .linkLocal: "link-local"
    case .metadata: "cloud metadata"
    case .unspecified: "unspecified"
    case .multicast: "multicast"
    case .broadcast: "broadcast"
    }
  }
}
