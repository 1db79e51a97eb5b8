import Addressing
import Kernel
import Policy
import TLS
import Telemetry
import Wire

// Whether the peer may do what it wants: as a whole where its protocol can't be read, else request by
// request.
extension Worker {
  /// Waits for the first bytes in clear. A peer that has proved who it is may open a connection in
  /// advance of its first request, as pools do: it has as long as between two requests.
  mutating func beginPeek(_ inbound: InboundSession, _ connection: inout Connection) {
    guard connection.held.isEmpty else { return }
    if inbound.peer != nil {
      let limit = isDraining ? settings.limits.peek : settings.limits.keepAlive
      arm(&connection, deadline: now + limit)
    }
    peekInbound(inbound, &connection)
  }

  /// Reads first bytes until they show what they are.
  mutating func peekInbound(_ inbound: InboundSession, _ connection: inout Connection) {
    while inbound.machine.state == .peeking, !connection.isReleased {
      guard connection.client.isReadable else { return }
      scratch.clear()
      scratch.reserve(Self.readSize)
      switch connection.client.receive(into: &scratch, atMost: readRoom) {
      case .bytes:
        if connection.held.isEmpty {
          // From its first byte on it is as slow as anyone may be; what it waited with before is
          // nothing that the request took.
          if inbound.peer != nil { restartRecord(&connection) }
          arm(&connection, deadline: now + settings.limits.peek)
        }
        buffers.lend(to: &connection.held)
        connection.held.append(scratch.bytes)
        showHeld(to: inbound, &connection)
      case .wouldBlock:
        return
      case .endOfStream, .failed:
        return leave(inbound, &connection)
      }
    }
  }

  private mutating func restartRecord(_ connection: inout Connection) {
    let wallClock = self.wallClock
    connection.record.reopen(
      id: auditIDs.next(at: wallClock), startedAt: now, wallClock: wallClock)
  }

  private mutating func showHeld(to inbound: InboundSession, _ connection: inout Connection) {
    var held = ByteBuffer()
    swap(&held, &connection.held)
    let action = inbound.machine.received(held.bytes)
    swap(&held, &connection.held)
    if inbound.machine.state != .peeking { perform(action, of: inbound, on: &connection) }
  }

  /// Judges a connection as a whole.
  mutating func authorise(
    _ destination: OriginalDestination, _ inbound: InboundSession,
    _ connection: inout Connection
  ) {
    guard let inboundPolicy else {
      return perform(inbound.machine.refused(.policyUnavailable), of: inbound, on: &connection)
    }
    noteProven(inbound)
    counters.decisionTime.add(nanoseconds: now.since(connection.record.startedAt))
    let verdict = inboundPolicy.decide(
      peer: inbound.machine.peer, destination: destination, method: nil)
    perform(
      inbound.machine.judged(note(verdict, by: inboundPolicy, &connection.record)), of: inbound,
      on: &connection)
  }

  /// Judges one request. What passes gets its permit, and goes out with what is known of its peer.
  mutating func authorise(
    _ head: RequestHead, _ message: Span<UInt8>, isRepeated: Bool = false,
    _ inbound: InboundSession, _ connection: inout Connection
  ) {
    guard let method = HTTPMethod(message[head.method]) else {
      let refusal = RequestRefusal(.methodTooLong)
      return answer(fault: refusal.status, reason: refusal.reason, &connection)
    }
    guard !head.dropsForwardedClientCertificate else {
      let refusal = RequestRefusal(.connectionDropsField)
      return answer(fault: refusal.status, reason: refusal.reason, &connection)
    }
    guard let inboundPolicy, let destination = inbound.machine.destination else {
      return refuse(Denial(.policyUnavailable), &connection)
    }
    noteProven(inbound)
    if !isRepeated {
      counters.decisionTime.add(nanoseconds: now.since(connection.record.startedAt))
    }
    let verdict = inboundPolicy.verdict(
      on: method, head, message, of: inbound.machine.peer, to: destination)
    switch note(verdict, by: inboundPolicy, &connection.record) {
    case .allow(let permit, wouldDeny: _):
      forward(head, message, permit, &connection)
    case .deny(let denial):
      refuse(denial, &connection)
    }
  }

  /// Enters a verdict in the open record.
  private func note(
    _ verdict: consuming Verdict, by policy: InboundPolicy, _ record: inout OpenRecord
  ) -> Verdict {
    switch consume verdict {
    case .allow(let permit, let wouldDeny):
      record.noteAllowed(by: permit.ruleIndex.map { policy.rule($0).name }, mode: .enforce)
      return .allow(permit, wouldDeny: wouldDeny)
    case .deny(let denial):
      return .deny(denial)
    }
  }
}

extension InboundPolicy {
  /// Judges a request; a declared probe passes without a peer. One that brings a body, which some
  /// server might take for another request, or asks for another protocol is none.
  ///
  /// - Parameter message: begins with the head.
  func verdict(
    on method: HTTPMethod, _ head: RequestHead, _ message: Span<UInt8>, of peer: SPIFFEID?,
    to destination: OriginalDestination
  ) -> Verdict {
    if peer == nil, !head.isUpgrade, head.framing == .none,
      let verdict = decideProbe(
        destination: destination, method: method, target: message[head.target])
    {
      return verdict
    }
    return decide(peer: peer, destination: destination, method: method)
  }
}
