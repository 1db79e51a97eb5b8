/// Why a flow was refused. A closed list of stable identifiers: audit records, replies and metrics
/// carry the raw value, sentences are made at the edge.
package enum DenyReason: String, CaseIterable, Sendable {
  case hostNotAllowed = "host-not-allowed"
  case portNotAllowed = "port-not-allowed"
  case methodNotAllowed = "method-not-allowed"
  case methodNotVisible = "method-not-visible"
  case noServerName = "no-server-name"
  case malformedClientHello = "malformed-client-hello"
  case encryptedClientHello = "encrypted-client-hello"
  case malformedRequest = "malformed-request"
  case ambiguousHost = "ambiguous-host"
  case opaqueProtocol = "opaque-protocol"
  case peekTimeout = "peek-timeout"
  case destinationMismatch = "destination-mismatch"
  case forbiddenAddress = "forbidden-address"
  case originalDestinationUnavailable = "original-destination-unavailable"
  case loopDetected = "loop-detected"
  case rateLimited = "rate-limited"
  case connectionLimit = "connection-limit"
  case policyUnavailable = "policy-unavailable"
  case internalError = "internal-error"
  /// The destination's certificate is not the one that the rule asks for.
  case upstreamVerificationFailed = "upstream-verification-failed"
  /// The rule adds the workspace's token, and there is none that is valid.
  case tokenUnavailable = "token-unavailable"
  /// No inbound rule is for the peer that proved itself.
  case peerNotAllowed = "peer-not-allowed"
  /// The peer proved itself by no certificate that is trusted, or by none at all.
  case noPeerCertificate = "no-peer-certificate"
  /// The proxy's own certificate is missing or expired: nothing can be accepted or presented.
  case identityUnavailable = "identity-unavailable"
}
