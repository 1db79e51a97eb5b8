import Addressing
import Kernel
import Policy
import Telemetry

extension Worker {
  /// Tells the workload that its connection is refused, in the language it speaks, and writes the
  /// record.
  mutating func deny(_ denial: Denial, _ connection: inout Connection) {
    connection.record.noteDenied(
      denial.reason, enforced: true, mode: enforcementMode(of: denial, on: connection))
    switch connection.machine.content {
    case .tls:
      connection.record.applicationProtocol = .tls
      sendAlert(denial.reason, &connection)
      writeRecord(&connection, outcome: .denied)
      linger(&connection)
    case .http2:
      sendGoAway(denial, &connection)
      writeRecord(&connection, outcome: .denied)
      linger(&connection)
    case .unknown, .http, .opaque:
      // Anything else has no words for it. (A request is answered by `answer(denial:)`.)
      reset(&connection, outcome: .denied)
    }
  }

  /// A fatal alert (RFC 8446 §6.2) in a plaintext record of TLS 1.2's version, which every client
  /// reads before keys are agreed on.
  private mutating func sendAlert(_ reason: DenyReason, _ connection: inout Connection) {
    connection.received.pending.append("\u{15}\u{03}\u{03}\u{00}\u{02}\u{02}")
    switch reason {
    case .noServerName, .malformedClientHello, .peekTimeout:
      connection.received.pending.append("\u{70}")  // unrecognized_name (112)
    default:
      connection.received.pending.append("\u{31}")  // access_denied (49)
    }
  }

  /// Such a client understands no HTTP/1 answer; this one makes it give up, and tells a person why.
  private mutating func sendGoAway(_ denial: Denial, _ connection: inout Connection) {
    reply.removeAll()
    replies.appendGoAway(
      denial,
      flow: connection.machine.destination.map {
        Flow(destination: $0, name: nil, content: .opaque)
      }, auditID: connection.record.id, to: &reply)
    connection.received.pending.append(reply.bytes)
  }

  /// Sends what is left for the workload, ends our direction, and throws away what still comes for
  /// a short while: closing with unread bytes would reset the connection and take the answer with
  /// it.
  mutating func linger(_ connection: inout Connection) {
    connection.isLingering = true
    connection.upstream.close()
    connection.held.release()
    arm(&connection, deadline: now + Self.lingerTime)
    continueLingering(&connection)
  }

  mutating func continueLingering(_ connection: inout Connection) {
    if !connection.received.isEmpty {
      switch flush(&connection.received, to: &connection.client) {
      case nil: break
      case .waiting: return
      default: return close(&connection, outcome: .clientGone)
      }
    }
    if !connection.received.hasEnded {
      connection.received.hasEnded = true
      connection.client.shutdownWrite()
      if connection.client.owesEnd {
        // One that reads slowly still has all of the answer before it: time counts from its end.
        arm(&connection, deadline: now + settings.limits.halfClosed)
      }
    }
    if connection.client.owesEnd {
      connection.client.settle()
      guard !connection.client.owesEnd else { return }
      arm(&connection, deadline: now + Self.lingerTime)
    }
    var reads = 0
    while connection.client.isReadable {
      // One that has sent so much since its answer came is not going to look at it: silence would
      // hold the connection, and tell it no more than the reset.
      guard connection.lingerBytes <= Self.lingerLimit else {
        connection.client.resetOnClose()
        return close(&connection, outcome: .completed)
      }
      guard reads < Self.readsPerTurn else { return queue(&connection) }
      reads += 1
      scratch.clear()
      scratch.reserve(Self.readSize)
      switch connection.client.receive(into: &scratch, atMost: Self.readSize) {
      case .bytes(let count):
        connection.lingerBytes += UInt32(count)
      case .wouldBlock:
        return
      case .endOfStream, .failed:
        return close(&connection, outcome: .completed)
      }
    }
  }

  /// The destination of an allowed flow can't be reached or broke off.
  mutating func upstreamFailed(
    _ failure: UpstreamFailure, _ connection: inout Connection
  ) {
    let outcome: AuditRecord.Outcome = failure == .timedOut ? .timedOut : .upstreamFailed
    guard connection.exchange.isOn, !connection.exchange.responseBegan,
      let flow = requestFlow(connection)
    else { return reset(&connection, outcome: outcome) }
    reply.removeAll()
    let closes = !canTakeAnother(connection)
    replies.appendUpstreamFailure(
      failure, flow: flow, auditID: connection.record.id,
      options: .init(omitsBody: connection.exchange.isHEAD, closes: closes), to: &reply)
    connection.record.responseStatus = failure.status
    answer(&connection, outcome: outcome, closes: closes)
  }

  /// Answers a request that the policy refuses. The connection stays usable where all of the request
  /// has come.
  mutating func answer(
    denial: Denial, _ connection: inout Connection
  ) {
    // One that has proved nothing gets no further chance on this connection.
    let isStranger = connection.inbound.map { $0.peer == nil } ?? false
    let closes = isStranger || !canTakeAnother(connection)
    answer(denial: denial, omitsBody: connection.exchange.isHEAD, closes: closes, &connection)
  }

  private mutating func answer(
    denial: Denial, omitsBody: Bool, closes: Bool, _ connection: inout Connection
  ) {
    reply.removeAll()
    let options = ReplyEncoder.Options(omitsBody: omitsBody, closes: closes)
    if let inbound = connection.inbound {
      replies.appendDenial(
        denial, of: inbound.machine.peer, destination: inbound.machine.destination,
        method: HTTPMethod(connection.record.method), auditID: connection.record.id,
        options: options, to: &reply)
    } else {
      replies.appendDenial(
        denial, flow: requestFlow(connection), auditID: connection.record.id, options: options,
        to: &reply)
    }
    connection.record.responseStatus = denial.reason.replyStatus
    answer(&connection, outcome: .denied, closes: closes)
  }

  /// A request's head would take more memory than is left for it.
  mutating func refuseForMemory(_ connection: inout Connection) {
    connection.record.noteDenied(
      .connectionLimit, enforced: true, mode: enforcementMode(of: connection))
    // What was known of the request before this one does not hold for it.
    answer(denial: Denial(.connectionLimit), omitsBody: false, closes: true, &connection)
  }

  /// Answers bytes that are no request we may judge, and closes: where the next request begins is
  /// anyone's guess.
  mutating func answer(
    fault status: UInt16, reason: DenyReason, outcome: AuditRecord.Outcome = .denied,
    sentence: String? = nil, _ connection: inout Connection
  ) {
    connection.record.noteDenied(
      reason, enforced: true, mode: enforcementMode(of: connection))
    reply.removeAll()
    replies.appendRequestFault(
      .init(rawValue: status) ?? .badRequest, reason: reason, auditID: connection.record.id,
      sentence: sentence, to: &reply)
    connection.record.responseStatus = status
    answer(&connection, outcome: outcome, closes: true)
  }

  /// Sends `reply` in place of a response.
  private mutating func answer(
    _ connection: inout Connection, outcome: AuditRecord.Outcome, closes: Bool
  ) {
    connection.upstream.close()
    connection.isConnecting = false
    connection.explicit?.stopDialling()
    connection.unfinishedHead = .none
    forgetRequest(&connection)
    discardPipe(&connection.sent)
    connection.sent.pending.release()
    connection.exchange.refuses()
    connection.received.pending.append(reply.bytes)
    connection.received.meter = .complete
    writeRecord(&connection, outcome: outcome)
    if closes || isDraining {
      linger(&connection)
    } else {
      arm(&connection, deadline: now + settings.limits.keepAlive)
      // An upstream's failure or a deadline ends no turn of the exchange that would send this.
      queue(&connection)
    }
  }

  /// The flow that the open record is about, made again for a reply: keeping it would cost every
  /// request what only refused ones need.
  func requestFlow(_ connection: borrowing Connection) -> Flow? {
    if let explicit = connection.asksProxy {
      return connection.machine.destination.map { explicit.flow(to: $0) } ?? explicit.flow
    }
    guard let destination = connection.destination,
      let method = HTTPMethod(connection.record.method)
    else { return nil }
    // None, or an address literal in brackets: the reply then names the destination.
    let name = try? HostName(flowBytes: connection.record.host)
    return Flow(
      destination: destination, name: name.flatMap { $0.endsInNumber ? nil : $0 },
      content: .http(method: method))
  }

  /// Only where all of the request is here. A client that is answered amid its body should send no
  /// more of it and close (RFC 9112 §9.5); some, aiohttp 3.8 among them, send no more and go on with
  /// their next request, which would be taken for the body's rest.
  private func canTakeAnother(_ connection: borrowing Connection) -> Bool {
    connection.exchange.mayContinue && connection.sent.meter.isComplete
  }
}
