import Configuration
import ControlPlane
import DataPlane
import Kernel
import Logging

extension Service {
  /// How long the workers may take to close and record what is left once the drain is over. With a
  /// fifth of a processor thousands of connections take seconds.
  private static let closingTime: UInt64 = 5_000_000_000
  /// How long the last audit lines may take to be written.
  private static let writingMilliseconds: Int32 = 5000

  /// Lets what is under way end within the drain's time, then closes the rest.
  func drain(_ dataPlane: DataPlane) -> ExitStatus {
    lifecycle.advance(to: .draining)
    log.info("draining")
    dataPlane.drain()
    let deadline = Instant.now() + inForce.now.document.limits.drain.nanoseconds
    let isForced = !haveEnded(dataPlane, by: deadline)
    var isClosed = true
    if isForced {
      log.warning("connections were closed: they did not end within drainSeconds")
      dataPlane.stop()
      isClosed = haveEnded(dataPlane, by: Instant.now() + Self.closingTime)
    }
    // Also where a worker still closes connections: what it has recorded is written.
    let isWritten = dataPlane.finishAudit(milliseconds: Self.writingMilliseconds) && isClosed
    if !isWritten { log.critical("the last audit records were not written") }
    return isForced || !isWritten ? .interrupted : .done
  }

  /// Waits for all workers, and says whether they have ended in time.
  private func haveEnded(_ dataPlane: DataPlane, by deadline: Instant) -> Bool {
    var all = true
    for id in dataPlane.counters.indices {
      let left = Int32(clamping: (deadline.since(Instant.now()) + 999_999) / 1_000_000)
      let hasEnded = dataPlane.waitForWorker(id, milliseconds: left)
      if !hasEnded { all = false }
      log.debug("a worker was waited for", metadata: ["worker": "\(id)", "ended": "\(hasEnded)"])
    }
    return all
  }
}
