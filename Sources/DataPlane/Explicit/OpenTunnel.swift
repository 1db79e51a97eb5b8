import Kernel
import Policy
import Telemetry

// CONNECT (RFC 9110 §9.3.6): once the target is reached, what the tunnel carries is peeked at and
// judged as if it had been captured on its way there.
extension Worker {
  /// Tells the client that its tunnel is there.
  mutating func openTunnel(_ explicit: ExplicitProxy, _ connection: inout Connection) {
    explicit.stopDialling()
    connection.record.responseStatus = 200
    connection.record.applicationProtocol = .tcp
    connection.exchange.becomesTunnel()
    connection.machine.opensTunnel()
    explicit.tunnel = Tunnel(name: explicit.target?.name)
    connection.sent.meter = .untilEnd
    connection.received.meter = .untilEnd
    connection.received.pending.append("HTTP/1.1 200 Connection established\r\n")
    if options.reportsWouldDeny, let reason = connection.record.wouldDeny {
      Self.appendWouldDeny(reason, to: &connection.received.pending)
    }
    connection.received.pending.append("\r\n")
    arm(&connection, deadline: now + settings.limits.peek)
  }

  /// Goes on once the client has got the answer.
  mutating func continueOpening(_ connection: inout Connection) {
    let blocked = flush(&connection.received, to: &connection.client)
    // Our own words don't count as the destination's.
    connection.received.delivered = 0
    switch blocked {
    case nil: break
    case .waiting: return
    default: return reset(&connection, outcome: .clientGone)
    }
    guard let tunnel = connection.tunnel else { return reset(&connection, outcome: .denied) }
    perform(connection.machine.opened(tunnel), on: &connection)
    guard !connection.isReleased, connection.machine.state == .peeking else { return }
    // What came behind the CONNECT, before its answer.
    if !connection.held.isEmpty { showHeld(&connection) }
    if connection.machine.state == .peeking { peek(&connection) }
  }

  /// The tunnel carries requests: from here on each has a record, and the CONNECT has had its own.
  mutating func beginRequests(inTunnelOf connection: inout Connection) {
    connection.record.applicationProtocol = .http
    writeRecord(&connection, outcome: .completed)
    reopenRecord(&connection)
  }

  /// Relays over the upstream that the tunnel was opened to: the permit is for what it carries.
  mutating func relay(overTunnelBy permit: consuming Permit, _ connection: inout Connection) {
    guard connection.upstream.isOpen, permit.destination == connection.machine.destination else {
      perform(connection.machine.refused(.internalError), on: &connection)
      return
    }
    arm(&connection, deadline: now + settings.limits.idle)
    startRelay(&connection)
  }
}
