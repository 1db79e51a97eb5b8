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
}
