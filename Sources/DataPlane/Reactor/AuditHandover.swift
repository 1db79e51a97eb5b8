import Telemetry

extension Worker {
  /// Gives the batch's audit lines to the writer. A full queue means that the sink has stalled:
  /// then this worker waits, and with it all new work, since nothing may go unrecorded; unless the
  /// records are to be dropped.
  mutating func handOverAudit() {
    guard !auditLines.isEmpty else { return }
    let queue = auditWriter.queues[id]
    while !queue.offer(auditLines.bytes) {
      if settings.dropsAuditWhenFull { return dropAudit() }
      counters.auditStalls.add(1)
      auditWriter.hurry()
      queue.waitForRoom(milliseconds: 1000)
      if mailbox.phase == .stopping { return }
    }
    auditLines.removeAll()
    auditWriter.noteLines()
  }

  private mutating func dropAudit() {
    let count = auditLines.lineCount
    counters.auditDropped.add(UInt64(count))
    auditWriter.noteDropped(count)
    auditLines.removeAll()
  }
}
