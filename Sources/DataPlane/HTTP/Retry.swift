import Addressing
import Kernel
import Policy
import Telemetry
import Wire

// A request that met an upstream which its server had closed meanwhile (RFC 9112 §9.3.1): it goes
// out once more, on a connection of its own, where the server can't be harmed by it.
extension Worker {
  /// Longest request, head and body, that is kept to be sent again.
  private static let keptRequestLimit = 64 * 1024

  /// Sends a request on the upstream that the one before it went to.
  ///
  /// - Parameter outgoing: the head as it leaves, and as much of the body as has come.
  /// - Returns: false where the upstream took no byte of it, so that any request may go elsewhere.
  mutating func sendOnReusedUpstream(
    _ outgoing: inout ByteBuffer, isIdempotent: Bool, _ connection: inout Connection
  ) -> Bool {
    connection.exchange.forwards(onReusedUpstream: true)
    connection.sent.isKept =
      isIdempotent && !isShortOfMemory && fitsKeptRequest(outgoing.count, connection.sent.meter)
    if connection.sent.isKept {
      keep(outgoing.bytes, of: &connection.sent, in: &connection.kept)
      // What goes by splice can't be kept; a body this short gains nothing by it.
      connection.sent.isBulk = false
    }
    arm(&connection, deadline: now + settings.limits.idle)
    guard deliver(&outgoing, &connection.sent, to: &connection.upstream) != nil else {
      return true
    }
    guard connection.sent.delivered > 0 else {
      forgetRequest(&connection)
      counters.retries.add(1)
      return false
    }
    // Its answer may be there to read all the same: sending the rest fails again, and then it is.
    connection.sent.pending.append(outgoing.bytes)
    return true
  }

  /// Sends the request again, on a new connection, if the upstream failed before anything of an
  /// answer came and the request is either idempotent (RFC 9110 §9.2.2) or was never sent. It is
  /// judged once more, for a connection needs a permit. What goes out again counts as reused no
  /// longer, so there is no third time.
  ///
  /// - Returns: false where it must not be; then nothing has changed.
  mutating func retry(_ connection: inout Connection) -> Bool {
    guard connection.exchange.mayBeUnseen else { return false }
    var request = ByteBuffer()
    if connection.sent.delivered == 0 {
      swap(&request, &connection.sent.pending)
    } else {
      // Its end may still wait for the old connection; `kept` has that, too.
      connection.sent.pending.release()
      swap(&request, &connection.kept)
    }
    forgetRequest(&connection)
    // The very bytes that will leave are read again; limits held when they came.
    var reader = RequestHeadReader(limits: HeadLimits(maximumBytes: .max, maximumFields: .max))
    guard case .found(let head) = reader.advance(request.bytes) else { return false }
    if let inbound = connection.inbound {
      guard
        connection.sent.delivered == 0 || mayGoAgain(head, request.bytes, of: inbound)
      else { return false }
      beginAgain(head, &connection)
      authorise(head, request.bytes, isRepeated: true, inbound, &connection)
      return true
    }
    guard let destination = connection.machine.destination,
      let flow = try? Flow(request: head, in: request.bytes, destination: destination),
      connection.sent.delivered == 0
        || mayGoAgain(flow, from: connection.source.endpoint.address)
    else { return false }
    beginAgain(head, &connection)
    judge(flow, head, request.bytes, isRepeated: true, &connection)
    return true
  }

  private mutating func beginAgain(_ head: RequestHead, _ connection: inout Connection) {
    counters.retries.add(1)
    connection.upstream.close()
    connection.sent.delivered = 0
    connection.exchange.received(head, isHEAD: connection.exchange.isHEAD)
  }

  /// Whether the policy in force still allows what has left already. Where it doesn't that stays
  /// true, and the record must not say that it was refused.
  private func mayGoAgain(_ flow: Flow, from source: IPAddress) -> Bool {
    guard let policy else { return false }
    return switch policy.decide(flow, from: source, at: nil) {
    case .allow: true
    case .deny: false
    }
  }

  /// Keeps what is read of a request's body behind its head, as long as that is little.
  mutating func keep(_ bytes: Span<UInt8>, of transit: inout Transit, in kept: inout ByteBuffer) {
    guard kept.count + bytes.count <= Self.keptRequestLimit else {
      transit.isKept = false
      return kept.release()
    }
    buffers.lend(to: &kept)
    kept.append(bytes)
  }

  /// The request won't be sent again.
  mutating func forgetRequest(_ connection: inout Connection) {
    connection.exchange.isSeen()
    connection.sent.isKept = false
    buffers.takeBack(&connection.kept)
  }

  private func fitsKeptRequest(_ count: Int, _ rest: Meter) -> Bool {
    guard case .counted(let more) = rest else { return count <= Self.keptRequestLimit }
    return more <= UInt64(Self.keptRequestLimit) && count + Int(more) <= Self.keptRequestLimit
  }
}

extension Span where Element == UInt8 {
  /// A method that asks for the same when it is repeated (RFC 9110 §9.2.2).
  var isIdempotentMethod: Bool {
    guard count <= 7 else { return false }
    var word: UInt64 = 0
    for index in 0..<count { word = word << 8 | UInt64(self[index]) }
    return switch word {
    case 0x47_45_54, 0x48_45_41_44, 0x50_55_54: true  // GET, HEAD, PUT
    case 0x44_45_4c_45_54_45, 0x54_52_41_43_45: true  // DELETE, TRACE
    case 0x4f_50_54_49_4f_4e_53: true  // OPTIONS
    default: false
    }
  }
}
