import Kernel
import Policy
import Telemetry

extension Worker {
  /// Reads the workload's first bytes until they show what they are and for whom.
  mutating func peek(_ connection: inout Connection) {
    while connection.machine.state == .peeking {
      guard connection.client.isReadable else { return }
      scratch.clear()
      scratch.reserve(Self.readSize)
      let room = readRoom
      switch connection.client.receive(into: &scratch, atMost: room) {
      case .bytes:
        // Kept in hardly more memory than it needs, for as long as the peek takes.
        buffers.lend(to: &connection.held)
        connection.held.append(scratch.bytes)
        showHeld(&connection)
        if connection.machine.state == .peeking, !mayKeep(connection.held.count) {
          perform(connection.machine.refused(.connectionLimit), on: &connection)
        }
      case .wouldBlock:
        return
      case .endOfStream:
        // It stays readable: a relay reads the end again, and passes it on.
        seeTooLittle(ended: true, &connection)
      case .failed:
        connection.record.noteDenied(.peekTimeout, enforced: true, mode: enforcementMode)
        close(&connection, outcome: .clientGone)
        return
      }
    }
  }

  /// The peek ends without enough.
  mutating func seeTooLittle(ended: Bool, _ connection: inout Connection) {
    let serverSpoke = connection.held.isEmpty && connection.upstream.isReadable
    let action = connection.machine.sawTooLittle(
      ended: ended, through: connection.tunnel, serverSpoke: serverSpoke)
    perform(action, on: &connection)
  }

  /// Shows the machine all that was received so far.
  mutating func showHeld(_ connection: inout Connection) {
    var held = ByteBuffer()
    swap(&held, &connection.held)
    let action = connection.machine.received(
      held.bytes, helloLimit: settings.limits.peekBytes, through: connection.tunnel)
    swap(&held, &connection.held)
    perform(action, on: &connection)
  }
}
