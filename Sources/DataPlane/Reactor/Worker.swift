import Addressing
import Kernel
import Policy
import TLS
import Telemetry
import Wire

/// One thread's share of the data plane: its own epoll, listeners, connections, buffers and
/// counters. Workers share nothing that changes but the published policy.
///
/// Concurrency: everything here is touched by the worker's thread alone, except what `Mailbox`,
/// `PublishedPolicy`, `AuditQueue` and `WorkerCounters` hand between threads. The steps that a
/// connection goes through are extensions under `Outbound/` and `Inbound/`.
struct Worker: ~Copyable {
  static let acceptsPerBatch = 64
  /// Requests of one connection that are taken before others get their turn.
  static let requestsPerTurn = 16
  /// How long, and for how many bytes, an answered connection is read away before it is closed.
  static let lingerTime: UInt64 = 2 * DataPlaneSettings.Limits.second
  static let lingerLimit = 16 << 20
  private static let eventsPerBatch = 256

  let id: Int
  let settings: DataPlaneSettings
  let headLimits: HeadLimits
  /// Connections this worker takes.
  let connectionLimit: Int
  let counters: WorkerCounters
  let denials: DenialLog
  let mailbox: Mailbox
  /// Nil where no name is ever resolved here.
  let resolver: Resolver?
  private let published: PublishedPolicy
  let auditWriter: AuditWriter

  let epoll: Epoll
  var listeners: [Listener]
  /// While listeners rest.
  var acceptsAgainAt: Instant?
  /// Connections that probably wait when a listener tells of some.
  var expectedAccepts = 1
  /// Given up to accept and refuse a connection when no other descriptor is left.
  var spare: Descriptor

  var slab = ConnectionSlab()
  var wheel: TimerWheel
  private var ready: [ConnectionID] = []
  /// Those whose turn it is; empty between batches.
  private var readyNow: [ConnectionID] = []
  var pipes: PipePool
  var buffers = BufferPool()

  /// Every read goes here first; contents are valid until the next read.
  var scratch = ByteBuffer(capacity: readSize)
  /// A request as it leaves.
  var outgoing = ByteBuffer()
  var addedFields = ByteBuffer()
  /// The field lines that say who sends a request, to servers whose rule wants it.
  let identityFields: ByteBuffer
  var reply = TextBuffer()
  let replies: ReplyEncoder

  private var policyNames = PolicyNames()
  /// By the place of the policy in the ruleset.
  private var policyNumbers: [UInt16] = []
  var auditEncoder: AuditEncoder
  var auditLines = TextBuffer(capacity: 64 * 1024)
  /// Records are dropped until the writer takes some again.
  var isSinkStalled = false
  var auditIDs: AuditIDGenerator
  var traceIDs: TraceIDGenerator

  private(set) var policy: Ruleset?
  private(set) var inboundPolicy: InboundPolicy?
  /// Nil where there is none (any more): nothing that needs one is accepted.
  private(set) var identity: IdentitySnapshot?
  /// Connections from outside whose peers have proved nothing yet.
  var unprovenInbound = 0
  /// Of that policy's rules.
  private(set) var ruleHits: RuleHits?
  private(set) var options: EgressOptions
  /// Slots whose connections are still to be judged again, and the next of them. A policy that comes
  /// meanwhile goes round once more from there, so that policies that come fast skip no slot.
  var slotsToRecheck = 0
  var nextRecheck = 0
  private var rechecksBegun = 0
  private var policyGeneration = 0
  var isDraining = false

  /// The batch's time: monotonic, and what to add for nanoseconds since the Unix epoch.
  private(set) var now: Instant
  private(set) var wallClockOffset: UInt64

  init(
    id: Int, settings: DataPlaneSettings, listeners: [Listener], mailbox: Mailbox,
    published: PublishedPolicy, auditWriter: AuditWriter, counters: WorkerCounters,
    denials: DenialLog = DenialLog(), resolver: Resolver? = nil
  ) throws(Errno) {
    let epoll = try Epoll(capacity: Self.eventsPerBatch)
    let spare = try Descriptor.spare()
    try epoll.addLevelTriggered(mailbox.wakeUp.descriptor, token: Token.wakeUp.rawValue)
    for (position, listener) in listeners.enumerated() {
      try epoll.addLevelTriggered(
        listener.descriptor, token: Token(listener: position).rawValue)
    }
    self.id = id
    self.settings = settings
    options = settings.options
    headLimits = HeadLimits(
      maximumBytes: settings.limits.requestHeadBytes,
      maximumFields: settings.limits.requestHeadFields)
    connectionLimit = min(
      max(1, settings.limits.connections / settings.workers), Token.maximumSlots)
    self.counters = counters
    self.denials = denials
    self.mailbox = mailbox
    self.resolver = resolver
    self.published = published
    self.auditWriter = auditWriter
    self.epoll = epoll
    self.listeners = listeners
    self.spare = spare
    now = Instant.now()
    wallClockOffset = Instant.wallClock() &- now.nanoseconds
    wheel = TimerWheel(now: now)
    pipes = PipePool(limit: settings.limits.pipes / settings.workers)
    identityFields = Self.identityFields(settings)
    replies = ReplyEncoder(workspaceID: settings.workspaceID)
    auditEncoder = AuditEncoder(
      workspaceID: settings.workspaceID, format: settings.auditFormat)
    var random = SystemRandomNumberGenerator()
    auditIDs = AuditIDGenerator(seed: &random)
    traceIDs = TraceIDGenerator(seed: &random)
  }

  private static func identityFields(_ settings: DataPlaneSettings) -> ByteBuffer {
    var fields = ByteBuffer()
    fields.append("x-portarium-workspace-id: ")
    fields.append(settings.workspaceID.utf8.span)
    fields.append("\r\n")
    return fields
  }

  /// Serves until it was asked to drain and everything has ended, or to stop.
  mutating func run() {
    while turn() {}
  }

  /// Waits for one batch of events and carries it out.
  ///
  /// - Parameters:
  ///   - longestWait: milliseconds; -1 is until something happens.
  ///   - time: when the batch happens; nil for the clock's time once there are events.
  /// - Returns: false once everything has ended.
  mutating func turn(longestWait: Int32 = -1, at time: Instant? = nil) -> Bool {
    let count = waitForEvents(longestWait)
    now = time ?? Instant.now()
    wallClockOffset = Instant.wallClock() &- now.nanoseconds
    takePolicy()
    for index in 0..<count { dispatch(index) }
    runReady()
    recheck()
    runTimers()
    slab.freeReleased()
    handOverAudit()
    switch mailbox.phase {
    case .serving: break
    case .draining: drain()
    case .stopping: closeEverything()
    }
    return !(isDraining && slab.count == 0)
  }

  // MARK: Events

  private func waitForEvents(_ longestWait: Int32) -> Int {
    var milliseconds = longestWait
    if !ready.isEmpty || slotsToRecheck > 0 {
      milliseconds = 0
    } else {
      var wait = wheel.nextWait(from: now)
      if let again = acceptsAgainAt { wait = min(wait ?? .max, again.since(now)) }
      if let wait {
        let own = Int32(min(wait / 1_000_000 + 1, 60_000))
        milliseconds = longestWait < 0 ? own : min(own, longestWait)
      }
    }
    do {
      return try epoll.wait(milliseconds: milliseconds)
    } catch {
      // EINTR is retried; what remains (EINVAL, EFAULT) is a bug of ours.
      preconditionFailure("epoll_wait failed: \(error)")
    }
  }

  private mutating func takePolicy() {
    let generation = published.generation
    guard generation != policyGeneration else { return }
    policyGeneration = generation
    let publication = published.latest
    take(publication.identity)
    inboundPolicy = publication.inbound
    if let ruleset = publication.ruleset, ruleset !== policy { take(ruleset) }
    options = publication.options ?? options
    if publication.rechecks != rechecksBegun {
      rechecksBegun = publication.rechecks
      slotsToRecheck = slab.slotCount
    }
  }

  private mutating func take(_ ruleset: Ruleset) {
    policy = ruleset
    policyNumbers = ruleset.policyNames.map { policyNames.number(of: $0) }
    ruleHits = RuleHits(of: ruleset, carryingOver: ruleHits)
    counters.ruleHits = ruleHits
  }

  private mutating func take(_ snapshot: IdentitySnapshot?) {
    identity = snapshot
    auditEncoder.agentID = snapshot?.svid.id.description
  }

  /// The number of the policy that judges what comes from `source`.
  func policyNumber(for source: IPAddress) -> UInt16 {
    policy.map { policyNumbers[$0.policyPlace(for: source)] } ?? PolicyNames.none
  }

  func policyName(_ number: UInt16) -> String? { policyNames[number] }

  private mutating func dispatch(_ index: Int) {
    let (rawToken, readiness) = epoll.event(index)
    let token = Token(rawValue: rawToken)
    switch token.source {
    case .wakeUp:
      mailbox.wakeUp.reset()
      takeAnswers()
    case .listener(let position):
      if acceptsAgainAt == nil, position < listeners.count {
        acceptExpected(on: listeners[position])
      }
    case .client:
      guard let reference = find(token.id) else { return }
      reference.connection.client.note(readiness)
      advance(&reference.connection)
    case .upstream(let serial):
      guard let reference = find(token.id) else { return }
      guard reference.connection.upstreamSerial == serial, reference.connection.upstream.isOpen
      else {
        return attemptReady(serial: serial, readiness, &reference.connection)
      }
      reference.connection.upstream.note(readiness)
      upstreamReady(&reference.connection)
    }
  }

  private mutating func upstreamReady(_ connection: inout Connection) {
    guard !connection.isReleased, connection.upstream.isOpen else { return }
    if connection.isConnecting {
      if connection.upstream.isWritable { finishConnecting(&connection) }
      return
    }
    if connection.exchange.isBetweenRequests {
      // Where the server closed, or spoke unasked, the next request needs another connection. That it
      // has taken what it was sent, or an edge for what was read since, is no reason.
      if !isReusable(&connection.upstream) { connection.upstream.close() }
      return
    }
    advance(&connection)
  }

  /// Takes a connection as far as it gets with what its sockets have said so far.
  mutating func advance(_ connection: inout Connection) {
    guard !connection.isReleased else { return }
    if connection.isLingering {
      continueLingering(&connection)
    } else if connection.client.isBroken, connection.waitsForUpstreamAlone {
      // Nobody would notice otherwise: the client is not read while its answer is awaited.
      reset(&connection, outcome: .clientGone)
    } else if connection.exchange.isOn {
      exchange(&connection)
    } else if let inbound = connection.inbound {
      advance(inbound, &connection)
    } else if connection.machine.state == .peeking {
      peek(&connection)
    } else if connection.machine.state == .opening {
      continueOpening(&connection)
    } else if !connection.isConnecting, connection.upstream.isOpen {
      relay(&connection)
    }
  }

  // MARK: Turns

  /// Lets others go first; the connection goes on in the next batch.
  mutating func queue(_ connection: inout Connection) {
    guard !connection.isReady else { return }
    connection.isReady = true
    ready.append(connection.id)
  }

  private mutating func runReady() {
    guard !ready.isEmpty else { return }
    swap(&readyNow, &ready)
    for index in readyNow.indices {
      guard let reference = find(readyNow[index]) else { continue }
      reference.connection.isReady = false
      advance(&reference.connection)
    }
    readyNow.removeAll(keepingCapacity: true)
  }
}
