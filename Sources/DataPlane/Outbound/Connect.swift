import Addressing
import Kernel
import Policy
import Telemetry

extension Worker {
  /// Opens the one connection that the permit is for, to the destination it names.
  mutating func connect(_ permit: consuming Permit, _ connection: inout Connection) {
    connection.upstreamSerial =
      connection.explicit?.nextSerial() ?? (connection.upstreamSerial &+ 1) & Token.serialMask
    do {
      connection.upstream = try dial(
        permit, connection.id, serial: connection.upstreamSerial)
    } catch {
      connection.upstream = .none
      connectFailed(error, &connection)
      return
    }
    connection.isConnecting = true
    arm(&connection, deadline: now + settings.limits.connect)
  }

  /// Starts connecting; events come with the serial number.
  mutating func dial(
    _ permit: consuming Permit, _ id: ConnectionID, serial: UInt8
  ) throws(Errno) -> Side {
    let side = Side(try Descriptor.connecting(to: permit.destination.endpoint))
    try epoll.addEdgeTriggered(
      side.descriptor, token: Token(id, .upstream(serial)).rawValue)
    return side
  }

  /// The socket's outcome is known.
  mutating func finishConnecting(_ connection: inout Connection) {
    connection.isConnecting = false
    if connection.client.isBroken { return reset(&connection, outcome: .clientGone) }
    // A socket that failed to connect says so in its event: only then is it asked why (tcp_poll).
    if connection.upstream.isBroken, let error = connection.upstream.descriptor.pendingError() {
      connection.upstream = .none
      connectFailed(error, &connection)
      return
    }
    // Its deadline was set when it began.
    noteConnected(by: connection.deadline)
    arm(&connection, deadline: now + settings.limits.idle)
    if connection.exchange.isOn {
      connection.exchange.forwards()
      exchange(&connection)
    } else {
      if let inbound = connection.inbound {
        return perform(inbound.machine.connected(), of: inbound, on: &connection)
      }
      perform(connection.machine.connected(), on: &connection)
    }
  }

  /// - Parameter deadline: until when there was time to connect.
  func noteConnected(by deadline: Instant) {
    let start = deadline.nanoseconds &- settings.limits.connect
    counters.connectTime.add(nanoseconds: now.since(Instant(nanoseconds: start)))
  }

  mutating func connectFailed(_ error: Errno, _ connection: inout Connection) {
    if error.isExhaustion {
      // Nothing left the host: the flow is refused, whatever the policy said.
      connection.record.noteDenied(
        .connectionLimit, enforced: true, mode: enforcementMode(of: connection))
      if connection.exchange.isOn {
        answer(denial: Denial(.connectionLimit), &connection)
      } else {
        reset(&connection, outcome: .denied)
      }
      return
    }
    upstreamFailed(error == .timedOut ? .timedOut : .unreachable, &connection)
  }
}
