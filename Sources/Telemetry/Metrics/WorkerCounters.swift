package import Policy
import Synchronization

/// What one worker has done since it started.
///
/// Exactly one thread, the worker's, calls `add` and `countDenial`; any thread may read
/// at any time. Each value is exact; values read together may be some events apart.
package final class WorkerCounters: Sendable {
  package let connectionsAccepted = Counter()
  package let connectionsClosed = Counter()
  /// Of those that were accepted, the ones from outside.
  package let inboundAccepted = Counter()
  /// TLS handshakes with peers from outside that have proved who they are.
  package let handshakes = Counter()
  package let handshakesFailed = Counter()
  /// HTTP requests that were judged.
  package let requests = Counter()
  /// Requests that were sent again because the upstream kept for them had closed.
  package let retries = Counter()
  /// Connections and requests that the policy allowed; counted with their audit record.
  package let allowed = Counter()
  /// Allowed, but connecting to or speaking with the destination failed.
  package let upstreamFailures = Counter()
  /// Bytes delivered from workloads to upstreams.
  package let bytesSent = Counter()
  /// Bytes delivered from upstreams to workloads.
  package let bytesReceived = Counter()
  package let auditRecords = Counter()
  /// How often the worker had to wait because the audit sink was full.
  package let auditStalls = Counter()
  /// Records that were made and dropped, since the audit sink was full.
  package let auditDropped = Counter()

  /// From accepting a connection, or a request's first byte, to the policy's verdict.
  package let decisionTime = Histogram()
  /// From there until the destination has taken the connection, names looked up included.
  package let connectTime = Histogram()
  /// From a request's first byte, or accepting its connection, to the end of its response.
  package let requestTime = Histogram()

  private let denials = InlineArray<32, Counter> { _ in Counter() }
  private let wouldDenials = InlineArray<32, Counter> { _ in Counter() }
  private let currentRuleHits = Mutex<RuleHits?>(nil)

  package init() {}

  /// Counted with the audit record.
  ///
  /// - Parameter enforced: false where monitor mode let it pass.
  package func countDenial(_ reason: DenyReason, enforced: Bool) {
    denials[reason.counterIndex].add(1)
    if !enforced { wouldDenials[reason.counterIndex].add(1) }
  }

  /// Of `denials`, those that monitor mode let pass.
  package func wouldDenials(for reason: DenyReason) -> UInt64 {
    wouldDenials[reason.counterIndex].value
  }

  /// Those of the policy that the worker goes by; nil before the first one. The worker sets it
  /// where it takes a policy.
  package var ruleHits: RuleHits? {
    get { currentRuleHits.withLock { $0 } }
    set { currentRuleHits.withLock { $0 = newValue } }
  }

  package func denials(for reason: DenyReason) -> UInt64 {
    denials[reason.counterIndex].value
  }
}

/// A number that one thread adds to and any thread reads.
///
/// Adding is a load and a store, no locked instruction: with a second writer counts get lost.
package struct Counter: ~Copyable, Sendable {
  private let storage = Atomic<UInt64>(0)

  package init() {}

  package var value: UInt64 { storage.load(ordering: .relaxed) }

  /// Wraps around at 2⁶⁴. Only the owning thread may call it.
  package func add(_ amount: UInt64) {
    storage.store(storage.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
  }
}

extension DenyReason {
  /// A reason's slot among the counters.
  var counterIndex: Int {
    switch self {
    case .hostNotAllowed: 0
    case .portNotAllowed: 1
    case .methodNotAllowed: 2
    case .methodNotVisible: 3
    case .noServerName: 4
    case .malformedClientHello: 5
    case .encryptedClientHello: 6
    case .malformedRequest: 7
    case .ambiguousHost: 8
    case .opaqueProtocol: 9
    case .peekTimeout: 10
    case .forbiddenAddress: 11
    case .originalDestinationUnavailable: 12
    case .loopDetected: 13
    case .connectionLimit: 14
    case .policyUnavailable: 15
    case .internalError: 16
    case .destinationMismatch: 17
    case .rateLimited: 18
    case .upstreamVerificationFailed: 19
    case .tokenUnavailable: 20
    case .peerNotAllowed: 21
    case .noPeerCertificate: 22
    case .identityUnavailable: 23
    }
  }
}
