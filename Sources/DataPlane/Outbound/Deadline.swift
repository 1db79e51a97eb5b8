import Kernel
import Policy
import Telemetry

extension Worker {
  /// The connection did not move on in time: what that means depends on what it waits for.
  mutating func deadlinePassed(_ connection: inout Connection) {
    if connection.isLingering {
      return close(&connection, outcome: .completed)
    }
    if let explicit = connection.explicit, !explicit.attempts.isEmpty {
      return diallingTookLong(explicit, &connection)
    }
    if connection.isConnecting {
      return upstreamFailed(.timedOut, &connection)
    }
    switch connection.exchange.state {
    case .off: break
    case .idle, .answering:
      return close(&connection, outcome: .timedOut)
    case .readingHead:
      return answer(fault: 408, reason: .peekTimeout, &connection)
    case .resolving, .connecting, .forwarding:
      return upstreamFailed(.timedOut, &connection)
    }
    if let inbound = connection.inbound {
      return inboundDeadlinePassed(inbound, &connection)
    }
    if connection.machine.state == .peeking {
      seeTooLittle(ended: false, &connection)
    } else if !keepHalfClosed(&connection) {
      reset(&connection, outcome: .timedOut)
    }
  }
}
