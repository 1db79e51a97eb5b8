import Kernel
import Policy
import Telemetry

// How connections end, one by one and all together.
extension Worker {
  /// More than the longest queue of connections that wait to be accepted.
  private static let batchesBeforeDrain = 64

  /// Ends a connection in an orderly way: what was sent arrives, then FIN.
  mutating func close(_ connection: inout Connection, outcome: AuditRecord.Outcome) {
    guard !connection.isReleased else { return }
    writeRecord(&connection, outcome: outcome)
    if let inbound = connection.inbound { noteProven(inbound) }
    connection.client.sayGoodbye()
    connection.upstream.sayGoodbye()
    connection.isReleased = true
    discardPipe(&connection.sent)
    discardPipe(&connection.received)
    counters.connectionsClosed.add(1)
    wheel.remove(connection.id.index)
    slab.release(connection.id)
  }

  /// Ends a connection so that neither side takes what it got for the whole.
  mutating func reset(_ connection: inout Connection, outcome: AuditRecord.Outcome) {
    guard !connection.isReleased else { return }
    connection.client.resetOnClose()
    if connection.upstream.isOpen { connection.upstream.resetOnClose() }
    close(&connection, outcome: outcome)
  }

  /// Takes the connections that already wait, then no more; ends those between two requests.
  mutating func drain() {
    guard !isDraining else { return }
    for listener in listeners {
      var batches = 0
      while batches < Self.batchesBeforeDrain,
        accept(on: listener, atMost: Self.acceptsPerBatch)
      { batches += 1 }
    }
    isDraining = true
    listeners.removeAll()
    acceptsAgainAt = nil
    for id in slab.all {
      // A relay that is parked goes on.
      guard slab.form(at: Int(id.index)) != .parkedRelay, let reference = find(id),
        !reference.connection.isReleased
      else { continue }
      if reference.connection.awaitsFirstRequest {
        reference.connection.record.noteDenied(.peekTimeout, enforced: true, mode: .enforce)
      } else if reference.connection.exchange.state != .idle {
        continue
      }
      close(&reference.connection, outcome: .shutdown)
    }
    slab.freeReleased()
    handOverAudit()
  }

  mutating func closeEverything() {
    isDraining = true
    listeners.removeAll()
    for id in slab.all {
      guard let reference = find(id) else { continue }
      if reference.connection.record.isUndecided {
        // It has not said enough to be judged, and won't any more.
        reference.connection.record.noteDenied(
          .peekTimeout, enforced: true, mode: enforcementMode(of: reference.connection))
      }
      reset(&reference.connection, outcome: .shutdown)
    }
    slab.freeReleased()
    handOverAudit()
    if !auditLines.isEmpty { auditWriter.noteLoss() }
  }
}
