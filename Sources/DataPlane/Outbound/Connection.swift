import Addressing
import Kernel
import Policy
import Telemetry
import Wire

/// All that one redirected connection is: two sockets, which way it goes and where it stands, what
/// moves between them, and the audit record that is open for it.
///
/// Lives in the worker's slab and is touched by that worker's thread alone. One that rests
/// is parked in less memory. Fields stand so that little is lost between them.
struct Connection: ~Copyable {
  var record: OpenRecord
  /// The end of who made the connection: the workload or, from outside, its peer.
  var client: Side
  /// Counts the upstream sockets this connection has had, so that an event of an earlier one
  /// finds nothing.
  var upstreamSerial: UInt8 = 0
  var isConnecting = false
  /// In the worker's list of connections that used up their budget.
  var isReady = false
  /// The destination's end; closed until a Permit was consumed.
  var upstream = Side.none

  var isReleased = false
  /// Answered and shut down; what the workload still sends is thrown away for a while, since
  /// closing with unread bytes would send a reset that overtakes the answer.
  var isLingering = false
  /// Half-closed for a while, and probed since.
  var isKeptTracked = false
  /// How the record will end where a direction failed while the other went on.
  var failure: AuditRecord.Outcome?
  var exchange = HTTPExchange()
  var lingerBytes: UInt32 = 0

  let id: ConnectionID
  let source: ClientAddress
  /// Of a connection that leaves; one from outside has its own.
  var machine = OutboundConnection()
  var role: Role
  /// The head that is not complete yet, if there is one: a response's never begins before its
  /// request's has ended.
  var unfinishedHead = UnfinishedHead.none
  /// When it must have moved on, and the step at which the wheel tells, at the latest.
  var deadline: Instant
  var timerStep = TimerWheel.never

  /// Bytes of the workload that were received and not judged yet.
  var held = ByteBuffer()
  /// The request that is under way, while it may have to be sent again.
  var kept = ByteBuffer()
  /// Workload to destination.
  var sent = Transit()
  /// Destination to workload.
  var received = Transit()

  init(
    id: ConnectionID, source: ClientAddress, client: consuming Descriptor,
    record: consuming OpenRecord, deadline: Instant, role: Role = .captured
  ) {
    self.id = id
    self.role = role
    self.source = source
    self.client = Side(client)
    self.record = record
    self.deadline = deadline
  }
}

extension Connection {
  /// Set where the connection was made to the proxy itself.
  var explicit: ExplicitProxy? {
    if case .explicit(let explicit) = role { explicit } else { nil }
  }

  /// Set where the connection is from outside.
  var inbound: InboundSession? {
    if case .inbound(let inbound) = role { inbound } else { nil }
  }

  var destination: OriginalDestination? {
    if case .inbound(let inbound) = role { return inbound.machine.destination }
    return machine.destination
  }

  /// A relay of which one direction has ended.
  var isHalfClosed: Bool { sent.hasEnded || received.hasEnded }

  /// What a CONNECT was answered with; nil for a captured connection.
  var tunnel: Tunnel? { explicit?.tunnel }

  /// Set while requests are made to the proxy itself, and not through a tunnel.
  var asksProxy: ExplicitProxy? { machine.isTunnel ? nil : explicit }

  var hasUnfinishedHead: Bool {
    if case .none = unfinishedHead { false } else { true }
  }

  /// Bytes go both ways unseen, until one side ends.
  var isRelay: Bool {
    guard exchange.state == .off, isJudged, case .untilEnd = sent.meter,
      case .untilEnd = received.meter
    else { return false }
    return true
  }

  /// Its peer has proved who it is, and said nothing since.
  var awaitsFirstRequest: Bool {
    guard let inbound else { return false }
    return inbound.peer != nil && inbound.machine.state == .peeking && held.isEmpty
  }

  /// The connection, or some request on it, has passed.
  private var isJudged: Bool {
    if let inbound {
      return inbound.machine.state == .relaying || inbound.machine.state == .exchanging
    }
    return machine.state == .relaying || machine.state == .exchanging
  }

  /// The request is on its way or complete, and nothing is read from the client until its answer
  /// comes; or the upstream is not connected yet.
  var waitsForUpstreamAlone: Bool {
    isConnecting || exchange.state == .resolving || exchange.state == .connecting
      || exchange.state == .forwarding
  }
}

/// A head that waits for more bytes.
enum UnfinishedHead {
  case none
  case request(Unfinished<RequestHeadReader>)
  case response(UnfinishedResponse)

  var request: Unfinished<RequestHeadReader>? {
    if case .request(let head) = self { head } else { nil }
  }

  var response: UnfinishedResponse? {
    if case .response(let head) = self { head } else { nil }
  }
}

/// A response head that is not complete yet: its bytes and where the parser stands.
final class UnfinishedResponse {
  var bytes: ByteBuffer
  var reader: ResponseHeadReader

  init(bytes: consuming ByteBuffer, reader: ResponseHeadReader) {
    self.bytes = bytes
    self.reader = reader
  }
}
