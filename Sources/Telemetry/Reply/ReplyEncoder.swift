package import Addressing
package import Policy

/// Writes the HTTP/1.1 responses that the proxy itself answers with.
///
/// Denials are not the hot path, so it may allocate. Immutable; any thread may use it.
package struct ReplyEncoder: Sendable {
  /// What a reply owes to the request it answers.
  package struct Options: Sendable {
    /// The request was a HEAD: the same header fields, no body (RFC 9110 §9.3.2).
    package var omitsBody: Bool
    /// Says `connection: close`; the caller must then close.
    package var closes: Bool

    package init(omitsBody: Bool, closes: Bool) {
      self.omitsBody = omitsBody
      self.closes = closes
    }
  }

  private let workspaceID: String

  package init(workspaceID: String) {
    self.workspaceID = workspaceID
  }

  /// Appends the `403` (`429`, `502`, `503`) of a refused request: what was refused, why, and the rule that
  /// would allow it.
  ///
  /// - Parameter flow: nil where the connection ended before there was one; then the body names
  ///   neither host nor port nor method.
  package func appendDenial(
    _ denial: Denial, flow: Flow?, auditID: AuditID, options: Options, to buffer: inout TextBuffer
  ) {
    var body = TextBuffer(capacity: 512)
    open(&body, error: "EgressDenied", reason: denial.reason.rawValue)
    append(&body, message: denial.reason.sentence(for: flow), flow: flow, auditID: auditID)
    if let flow, let rule = denial.suggestedRule(for: flow) {
      body.append(#","suggestedRule":"#)
      append(&body, rule)
    }
    body.append("}\n")
    append(
      status: denial.reason.replyStatusLine, denyReason: denial.reason,
      retryAfterSeconds: denial.retryAfterSeconds, body: body.bytes, options: options, to: &buffer)
  }

  /// Appends the `403` (`503`) of a request from outside that is refused.
  ///
  /// - Parameters:
  ///   - peer: nil where no certificate was verified.
  ///   - destination: nil where it isn't known.
  ///   - method: nil where the request had none that can be judged.
  package func appendDenial(
    _ denial: Denial, of peer: SPIFFEID?, destination: OriginalDestination?, method: HTTPMethod?,
    auditID: AuditID, options: Options, to buffer: inout TextBuffer
  ) {
    var body = TextBuffer(capacity: 512)
    open(&body, error: "IngressDenied", reason: denial.reason.rawValue)
    body.append(#"","message":""#)
    body.append(
      escaping: denial.reason.inboundSentence(
        peer: peer, destination: destination, method: method))
    body.append("\"")
    if let peer {
      body.append(#","peerSpiffeId":""#)
      body.append(escaping: peer.description)
      body.append("\"")
    }
    if let destination {
      body.append(#","port":"#)
      body.append(decimal: UInt64(destination.endpoint.port))
    }
    if let method {
      body.append(#","method":""#)
      body.append(escaping: method.bytes)
      body.append("\"")
    }
    body.append(#","workspaceId":""#)
    body.append(escaping: workspaceID)
    body.append(#"","auditId":""#)
    body.append(auditID)
    body.append("\"}\n")
    append(
      status: denial.reason.replyStatusLine, denyReason: denial.reason,
      retryAfterSeconds: denial.retryAfterSeconds, body: body.bytes, options: options, to: &buffer)
  }

  /// Appends the `502` or `504` of an allowed request whose upstream failed.
  package func appendUpstreamFailure(
    _ failure: UpstreamFailure, flow: Flow, auditID: AuditID, options: Options,
    to buffer: inout TextBuffer
  ) {
    var body = TextBuffer(capacity: 384)
    open(&body, error: "UpstreamFailure", reason: failure.rawValue)
    append(&body, message: failure.sentence, flow: flow, auditID: auditID)
    body.append("}\n")
    append(
      status: failure.statusLine, denyReason: nil, body: body.bytes, options: options, to: &buffer)
  }

  /// Appends the reply to a request that could not be read as one. It says `connection: close`:
  /// where the next request would begin is unknown.
  ///
  /// - Parameter sentence: takes the place of the fault's own, where more can be said.
  package func appendRequestFault(
    _ fault: RequestFault, reason: DenyReason, auditID: AuditID, omitsBody: Bool = false,
    sentence: String? = nil, to buffer: inout TextBuffer
  ) {
    var body = TextBuffer(capacity: 256)
    open(&body, error: "MalformedRequest", reason: reason.rawValue)
    append(&body, message: sentence ?? fault.sentence, flow: nil, auditID: auditID)
    body.append("}\n")
    append(
      status: fault.statusLine, denyReason: reason, body: body.bytes,
      options: Options(omitsBody: omitsBody, closes: true), to: &buffer)
  }

  // MARK: The body

  private func open(_ body: inout TextBuffer, error: String, reason: String) {
    body.append(#"{"error":""#)
    body.append(error)
    body.append(#"","reason":""#)
    body.append(reason)
  }

  private func append(
    _ body: inout TextBuffer, message: String, flow: Flow?, auditID: AuditID
  ) {
    body.append(#"","message":""#)
    body.append(escaping: message)
    if let flow {
      body.append(#"","host":""#)
      if let name = flow.name {
        body.append(escaping: name.bytes)
      } else {
        body.append(flow.destination.endpoint.address)
      }
      body.append(#"","port":"#)
      body.append(decimal: UInt64(flow.destination.endpoint.port))
      if let method = flow.method {
        body.append(#","method":""#)
        body.append(escaping: method.bytes)
        body.append(UInt8(ascii: "\""))
      }
      body.append(#","workspaceId":""#)
    } else {
      body.append(#"","workspaceId":""#)
    }
    body.append(escaping: workspaceID)
    body.append(#"","auditId":""#)
    body.append(auditID)
    body.append(UInt8(ascii: "\""))
  }

  private func append(_ body: inout TextBuffer, _ rule: SuggestedRule) {
    body.append(#"{"hostPattern":""#)
    body.append(escaping: rule.hostPattern)
    body.append(#"","port":"#)
    body.append(decimal: UInt64(rule.port))
    body.append(#","allowedMethods":["#)
    for (index, method) in rule.allowedMethods.enumerated() {
      body.append(index == 0 ? "\"" : #",""#)
      body.append(escaping: method.bytes)
      body.append(UInt8(ascii: "\""))
    }
    body.append("]}")
  }

  // MARK: The head

  private func append(
    status: String, denyReason: DenyReason?, retryAfterSeconds: Int? = nil, body: Span<UInt8>,
    options: Options, to buffer: inout TextBuffer
  ) {
    buffer.append("HTTP/1.1 ")
    buffer.append(status)
    buffer.append("\r\ncontent-type: application/json\r\ncontent-length: ")
    buffer.append(decimal: UInt64(body.count))
    // A verdict must not outlive the policy that gave it in somebody's cache.
    buffer.append("\r\ncache-control: no-store\r\n")
    if let denyReason {
      buffer.append("x-portarium-deny-reason: ")
      buffer.append(denyReason.rawValue)
      buffer.append("\r\n")
    }
    if let retryAfterSeconds {
      buffer.append("retry-after: ")
      buffer.append(decimal: UInt64(max(1, retryAfterSeconds)))
      buffer.append("\r\n")
    }
    if options.closes { buffer.append("connection: close\r\n") }
    buffer.append("\r\n")
    if !options.omitsBody { buffer.append(body) }
  }
}

extension DenyReason {
  /// The status of the reply to a refused request: `429` and `503` where the same request may pass
  /// later, `502` where its destination is to blame, else `403`.
  package var replyStatus: UInt16 {
    switch self {
    case .rateLimited: 429
    case .connectionLimit, .tokenUnavailable, .identityUnavailable: 503
    case .upstreamVerificationFailed: 502
    default: 403
    }
  }

  var replyStatusLine: String {
    switch self {
    case .rateLimited: "429 Too Many Requests"
    case .connectionLimit, .tokenUnavailable, .identityUnavailable: "503 Service Unavailable"
    case .upstreamVerificationFailed: "502 Bad Gateway"
    default: "403 Forbidden"
    }
  }
}
