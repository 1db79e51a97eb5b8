import Addressing
import Kernel
import Policy
import Telemetry

/// The audit record of a connection or request that has not ended.
///
/// Opened when it begins, written exactly once when it ends; a connection that is released with
/// its record still open has it written then. Fields stand by size, since every connection has one.
struct OpenRecord: ~Copyable {
  private(set) var id: AuditID
  private(set) var startedAt: Instant
  /// Nanoseconds since the Unix epoch.
  private(set) var startedWallClock: UInt64
  private(set) var matchedRule: String?

  /// Host, method, path and traceparent, one behind the other.
  private var texts = ByteBuffer()
  private var pathLength: UInt32 = 0
  /// A HostName's and an HTTPMethod's bytes.
  private var hostLength: UInt16 = 0
  private var methodLength: UInt16 = 0
  /// The policy that judged last.
  var policy = PolicyNames.none

  var responseStatus: UInt16 = 0
  var applicationProtocol = AuditRecord.ApplicationProtocol.tcp
  /// Until something was decided a record says that it was refused.
  private(set) var decision = AuditRecord.Decision.deny
  private(set) var reason: DenyReason? = .internalError
  private(set) var isEnforced = true
  private(set) var enforcementMode = EnforcementMode.enforce
  private(set) var isOpen: Bool

  init(id: AuditID, startedAt: Instant, wallClock: UInt64) {
    isOpen = true
    self.id = id
    self.startedAt = startedAt
    startedWallClock = wallClock
  }

  /// One that nothing is written down of.
  static var closed: OpenRecord {
    var record = OpenRecord(
      id: AuditID(rawValue: 0), startedAt: Instant(nanoseconds: 0), wallClock: 0)
    record.isOpen = false
    return record
  }

  /// Begins the record of the next request on the same connection.
  mutating func reopen(id: AuditID, startedAt: Instant, wallClock: UInt64) {
    isOpen = true
    self.id = id
    self.startedAt = startedAt
    startedWallClock = wallClock
    decision = .deny
    reason = .internalError
    isEnforced = true
    matchedRule = nil
    policy = PolicyNames.none
    responseStatus = 0
    clearTexts()
  }

  /// A connection that waits for its next request keeps no text.
  mutating func close(returningMemoryTo pool: inout BufferPool) {
    isOpen = false
    clearTexts()
    pool.takeBack(&texts)
  }

  /// - Parameter pool: lends the memory, until the record is closed.
  mutating func noteTexts(
    host: Span<UInt8>, method: Span<UInt8> = Span(), path: Span<UInt8> = Span(),
    memory pool: inout BufferPool
  ) {
    clearTexts()
    pool.lend(to: &texts)
    // What is no name (it may be as long as the head) is written down as far as it could be one.
    let host = host.extracting(first: min(host.count, HostName.maximumLength + 2))
    let method = method.extracting(first: min(method.count, HTTPMethod.maximumLength))
    texts.reserve(host.count + method.count + path.count)
    texts.append(host)
    texts.append(method)
    texts.append(path)
    hostLength = UInt16(host.count)
    methodLength = UInt16(method.count)
    pathLength = UInt32(path.count)
  }

  /// After `noteTexts`. The last one counts.
  mutating func noteTraceParent(_ text: Span<UInt8>) {
    texts.truncate(to: Int(hostLength) + Int(methodLength) + Int(pathLength))
    texts.append(text)
  }

  mutating func noteAllowed(by rule: String?, mode: EnforcementMode) {
    decision = .allow
    reason = nil
    matchedRule = rule
    // Another of the target's addresses may have been judged before.
    isEnforced = true
    enforcementMode = mode
  }

  /// - Parameter enforced: false where monitor mode let the flow pass all the same.
  mutating func noteDenied(_ reason: DenyReason, enforced: Bool, mode: EnforcementMode) {
    decision = .deny
    self.reason = reason
    // A rule may have matched before; it is not what decided.
    matchedRule = nil
    isEnforced = enforced
    enforcementMode = mode
  }

  /// Nothing was decided yet.
  var isUndecided: Bool { isOpen && reason == .internalError }

  /// Why it would have been denied, where monitor mode let it pass all the same.
  var wouldDeny: DenyReason? { isEnforced ? nil : reason }

  var host: Span<UInt8> {
    @_lifetime(borrow self) borrowing get { texts.bytes.extracting(0..<Int(hostLength)) }
  }
  var method: Span<UInt8> {
    @_lifetime(borrow self) borrowing get {
      let start = Int(hostLength)
      return texts.bytes.extracting(start..<(start + Int(methodLength)))
    }
  }
  var path: Span<UInt8> {
    @_lifetime(borrow self) borrowing get {
      let start = Int(hostLength) + Int(methodLength)
      return texts.bytes.extracting(start..<(start + Int(pathLength)))
    }
  }
  var traceparent: Span<UInt8> {
    @_lifetime(borrow self) borrowing get {
      let start = Int(hostLength) + Int(methodLength) + Int(pathLength)
      return texts.bytes.extracting(start..<texts.count)
    }
  }

  /// Leaves the texts in exactly as much memory as they need, where they stay for long.
  mutating func trim(returningMemoryTo pool: inout BufferPool) {
    guard texts.capacity > texts.count else { return }
    var exact = ByteBuffer()
    exact.append(texts.bytes)
    swap(&exact, &texts)
    pool.takeBack(&exact)
  }

  /// Bytes of memory that the texts hold.
  var capacity: Int { texts.capacity }

  private mutating func clearTexts() {
    texts.clear()
    hostLength = 0
    methodLength = 0
    pathLength = 0
  }
}

extension Worker {
  /// A record that begins now.
  mutating func openRecord() -> OpenRecord {
    OpenRecord(id: auditIDs.next(at: wallClock), startedAt: now, wallClock: wallClock)
  }

  mutating func reopenRecord(_ connection: inout Connection) {
    let wallClock = self.wallClock
    connection.record.reopen(
      id: auditIDs.next(at: wallClock), startedAt: now, wallClock: wallClock)
    connection.record.applicationProtocol = .http
    if let explicit = connection.asksProxy {
      explicit.rest()
      connection.machine.leads(to: nil)
    }
    connection.sent.delivered = 0
    connection.received.delivered = 0
    connection.failure = nil
  }

  /// Writes the open record down, once.
  mutating func writeRecord(_ connection: inout Connection, outcome: AuditRecord.Outcome) {
    guard connection.record.isOpen else { return }
    let record = AuditRecord(
      timestampNanoseconds: connection.record.startedWallClock,
      auditID: connection.record.id,
      workerID: id,
      direction: connection.inbound == nil ? .outbound : .inbound,
      enforcementMode: connection.record.enforcementMode,
      enforced: connection.record.isEnforced,
      decision: connection.record.decision,
      reason: connection.record.reason,
      matchedRule: connection.record.matchedRule,
      policy: policyName(connection.record.policy),
      applicationProtocol: connection.record.applicationProtocol,
      source: connection.source,
      destination: connection.destination,
      requestedPort: connection.explicit?.target?.port ?? 0,
      responseStatus: connection.record.responseStatus,
      outcome: outcome,
      bytesSent: connection.sent.delivered,
      bytesReceived: connection.received.delivered,
      latencyNanoseconds: now.since(connection.record.startedAt))
    auditEncoder.encode(
      record, host: connection.record.host, method: connection.record.method,
      path: connection.record.path, traceparent: connection.record.traceparent,
      peer: peerNotes(of: connection), into: &auditLines)
    counters.auditRecords.add(1)
    // Nowhere else, so that the counters agree with the records whatever was decided on the way.
    if let reason = connection.record.reason {
      counters.countDenial(reason, enforced: connection.record.isEnforced)
      denials.add(
        record, reason: reason, host: connection.record.host, method: connection.record.method)
    } else {
      counters.allowed.add(1)
    }
    counters.bytesSent.add(connection.sent.delivered)
    counters.bytesReceived.add(connection.received.delivered)
    if outcome == .upstreamFailed { counters.upstreamFailures.add(1) }
    // How long another protocol was spoken after a request is not how long the request took.
    if connection.record.applicationProtocol == .http, connection.record.responseStatus != 101 {
      counters.requestTime.add(nanoseconds: record.latencyNanoseconds)
    }
    connection.record.close(returningMemoryTo: &buffers)
  }

  /// Monotonic and wall clock are read together once a batch.
  var wallClock: UInt64 { now.nanoseconds &+ wallClockOffset }
}
