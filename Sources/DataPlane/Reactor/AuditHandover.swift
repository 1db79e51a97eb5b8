import Telemetry

extension Worker {
  /// Milliseconds that the writer has for a full queue before records are dropped.
  private static let dropAfter: Int32 = 50

  /// Gives the batch's audit lines to the writer. Where the queue stays full the sink has stalled:
  /// then this worker waits, and with it all new work, since nothing may go unrecorded; unless the
  /// records are to be dropped.
  mutating func handOverAudit() {
    guard !auditLines.isEmpty else { return }
    let queue = auditWriter.queues[id]
    while !queue.offer(auditLines.bytes) {
      if isSinkStalled { return dropAudit() }
      auditWriter.hurry()
      if settings.dropsAuditWhenFull {
        // Long paths fill a queue while the writer lets lines gather: nobody may hide a record so.
        isSinkStalled = !queue.waitForRoom(milliseconds: Self.dropAfter)
        continue
      }
      counters.auditStalls.add(1)
      queue.waitForRoom(milliseconds: 1000)
      if mailbox.phase == .stopping { return }
    }
    isSinkStalled = false
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
