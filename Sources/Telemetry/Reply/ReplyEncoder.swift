package import Addressing
package import Policy

/// Writes the HTTP/1.1 responses that the proxy answers itself.
///
/// Denials are not the hot path, so it may allocate. Immutable; any thread may use it.
package struct ReplyEncoder: Sendable {
  /// What the answered request leaves to its reply.
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

  /// Appends the `403` of a refused request.
  ///
  /// - Parameters:
  ///   - host: the name the request gave; empty where it gave none, then the destination's address
  ///     takes its place.
  ///   - method: empty where it is unknown.
  package func appendDenial(
    _ denial: Denial,
    host: Span<UInt8>,
    method: Span<UInt8>,
    destination: OriginalDestination?,
    auditID: AuditID,
    options: Options,
    to buffer: inout TextBuffer
  ) {}

  /// How an allowed request's upstream failed.
  package enum UpstreamFailure: Sendable {
    /// The destination refused, reset or could not be reached: `502`.
    case unreachable
    /// It answered what is no HTTP/1 response: `502`.
    case invalidResponse
    /// It did not accept or answer in time: `504`.
    case timedOut
  }

  /// Appends the `502` or `504` of an allowed request whose upstream failed.
  package func appendUpstreamFailure(
    _ failure: UpstreamFailure,
    host: Span<UInt8>,
    method: Span<UInt8>,
    destination: OriginalDestination?,
    auditID: AuditID,
    options: Options,
    to buffer: inout TextBuffer
  ) {}

  /// Statuses of requests that were refused for their form; the raw value is the status code.
  package enum RequestFault: UInt16, CaseIterable, Sendable {
    case badRequest = 400
    case requestTimeout = 408
    case contentTooLarge = 413
    case targetTooLong = 414
    case headTooLarge = 431
    case notImplemented = 501
    case versionNotSupported = 505
  }

  /// Appends the reply to a request that could not be read as one; it always closes.
  package func appendRequestFault(
    _ fault: RequestFault,
    reason: DenyReason,
    auditID: AuditID,
    omitsBody: Bool = false,
    to buffer: inout TextBuffer
  ) {}
}
