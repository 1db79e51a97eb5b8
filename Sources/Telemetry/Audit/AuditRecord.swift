package import Addressing
package import Policy

/// What is written down about one connection or, for HTTP, one request.
///
/// A plain value that costs no allocation to fill. Texts that come from the wire (host, method,
/// path, traceparent) are not part of it: they stay where they were read and are handed to
/// `AuditEncoder.encode` beside it.
package struct AuditRecord: Sendable {
  package enum Direction: String, CaseIterable, Sendable { case outbound, inbound }

  /// What the policy said; whether that was carried out is `enforced`.
  package enum Decision: String, CaseIterable, Sendable { case allow, deny }

  /// What the first bytes turned out to be; `tcp` is everything that is neither of the others.
  package enum ApplicationProtocol: String, CaseIterable, Sendable { case http, tls, tcp }

  /// How the connection or request ended.
  package enum Outcome: String, CaseIterable, Sendable {
    case completed, denied
    case upstreamFailed = "upstream-failed"
    case clientGone = "client-gone"
    case timedOut = "timed-out"
    case shutdown
  }

  /// When the connection was accepted or the request's first byte came: nanoseconds since the
  /// Unix epoch.
  package var timestampNanoseconds: UInt64
  package var auditID: AuditID
  /// Which worker carried it: 0 for the first.
  package var workerID: Int
  package var direction: Direction
  package var enforcementMode: EnforcementMode
  /// False where monitor mode let pass what `decision` refuses.
  package var enforced: Bool
  package var decision: Decision
  /// Set exactly where `decision` is `deny`.
  package var reason: DenyReason?
  /// The name of the rule that allowed it; nil where none did.
  package var matchedRule: String?
  /// The name of the policy that judged it; nil where that was the allowlist for all clients.
  package var policy: String?
  package var applicationProtocol: ApplicationProtocol
  package var source: ClientAddress
  /// Nil where the kernel could not tell it.
  package var destination: OriginalDestination?
  /// The port that was asked for where there is no destination, as of a name that was not resolved;
  /// 0 where there is none either.
  package var requestedPort: UInt16
  /// The status the workload got; 0 where there was no HTTP response.
  package var responseStatus: UInt16
  package var outcome: Outcome
  /// Bytes delivered from the workload to the upstream, HTTP heads included.
  package var bytesSent: UInt64
  /// Bytes delivered from the upstream to the workload.
  package var bytesReceived: UInt64
  /// From `timestampNanoseconds` to the end, by a clock that doesn't jump.
  package var latencyNanoseconds: UInt64

  package init(
    timestampNanoseconds: UInt64,
    auditID: AuditID,
    workerID: Int,
    direction: Direction = .outbound,
    enforcementMode: EnforcementMode,
    enforced: Bool,
    decision: Decision,
    reason: DenyReason?,
    matchedRule: String?,
    policy: String? = nil,
    applicationProtocol: ApplicationProtocol,
    source: ClientAddress,
    destination: OriginalDestination?,
    requestedPort: UInt16 = 0,
    responseStatus: UInt16 = 0,
    outcome: Outcome,
    bytesSent: UInt64 = 0,
    bytesReceived: UInt64 = 0,
    latencyNanoseconds: UInt64
  ) {
    self.timestampNanoseconds = timestampNanoseconds
    self.auditID = auditID
    self.workerID = workerID
    self.direction = direction
    self.enforcementMode = enforcementMode
    self.enforced = enforced
    self.decision = decision
    self.reason = reason
    self.matchedRule = matchedRule
    self.policy = policy
    self.applicationProtocol = applicationProtocol
    self.source = source
    self.destination = destination
    self.requestedPort = requestedPort
    self.responseStatus = responseStatus
    self.outcome = outcome
    self.bytesSent = bytesSent
    self.bytesReceived = bytesReceived
    self.latencyNanoseconds = latencyNanoseconds
  }
}

/// What TLS has shown of the other end.
package struct AuditPeer: Sendable {
  /// The SPIFFE ID whose certificate was verified; nil where none was.
  package var id: String?
  /// Why TLS with it failed, as a sentence without a full stop; nil where it didn't.
  package var failure: String?

  package init(id: String?, failure: String?) {
    self.id = id
    self.failure = failure
  }
}
