import Addressing
import Kernel
import Policy
import TLS
import Telemetry

// How a peer is told that it is not admitted. (A request is answered by `answer(denial:)`.)
extension Worker {
  /// Within the handshake by an alert; after it by GOAWAY to HTTP/2, and by the end of TLS to anything
  /// else: OpenSSL sends no alert of ours once a handshake is done. Plain text that is no HTTP is
  /// reset.
  mutating func deny(
    _ denial: Denial, _ inbound: InboundSession, _ connection: inout Connection
  ) {
    connection.record.noteDenied(denial.reason, enforced: true, mode: .enforce)
    if inbound.failure != nil {
      // OpenSSL has sent its alert.
      let hasLeft = inbound.failure?.meansPeerHasLeft ?? false
      connection.record.applicationProtocol = .tls
      writeRecord(&connection, outcome: hasLeft ? .clientGone : .denied)
      connection.client.leaveTLS()
      return linger(&connection)
    }
    if connection.client.isTLS {
      if inbound.machine.content == .http2 { sendInboundGoAway(denial, inbound, &connection) }
      // One that has not said anything in clear yet.
      if connection.client.tls?.isEstablished == false { connection.client.leaveTLS() }
      writeRecord(&connection, outcome: .denied)
      return linger(&connection)
    }
    if denial.reason == .identityUnavailable || denial.reason == .internalError {
      // It has said hello: a fatal internal_error (RFC 8446 §6.2) in a record that is read before
      // keys are agreed on.
      connection.record.applicationProtocol = .tls
      connection.received.pending.append("\u{15}\u{03}\u{03}\u{00}\u{02}\u{02}\u{50}")
      writeRecord(&connection, outcome: .denied)
      return linger(&connection)
    }
    if inbound.machine.content == .http2 {
      sendInboundGoAway(denial, inbound, &connection)
      writeRecord(&connection, outcome: .denied)
      return linger(&connection)
    }
    reset(&connection, outcome: .denied)
  }

  private mutating func sendInboundGoAway(
    _ denial: Denial, _ inbound: InboundSession, _ connection: inout Connection
  ) {
    reply.removeAll()
    let flow = inbound.machine.destination.map {
      Flow(destination: $0, name: nil, content: .opaque)
    }
    replies.appendGoAway(denial, flow: flow, auditID: connection.record.id, to: &reply)
    connection.received.pending.append(reply.bytes)
  }

  /// Before a peer was admitted its deadline passed: its record says how far it came.
  mutating func inboundDeadlinePassed(
    _ inbound: InboundSession, _ connection: inout Connection
  ) {
    switch inbound.machine.state {
    case .sniffing, .handshaking, .peeking:
      perform(inbound.machine.sawTooLittle(), of: inbound, on: &connection)
    case .accepted, .judging, .connecting, .relaying, .exchanging, .denied:
      if !keepHalfClosed(&connection) { reset(&connection, outcome: .timedOut) }
    }
  }
}
