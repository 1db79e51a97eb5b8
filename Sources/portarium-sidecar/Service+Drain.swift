import Configuration
import ControlPlane
import DataPlane
import Kernel
import Logging

extension Service {
  /// Lets what is under way end within the drain's time, then closes the rest.
  func drain(_ dataPlane: DataPlane) -> ExitStatus {
    lifecycle.advance(to: .draining)
    log.info("draining")
    dataPlane.drain()
    let deadline = Instant.now() + inForce.now.document.limits.drain.nanoseconds
    var isForced = false
    for id in dataPlane.counters.indices {
      let left = Int32(clamping: (deadline.since(Instant.now()) + 999_999) / 1_000_000)
      let hasEnded = dataPlane.waitForWorker(id, milliseconds: left)
      if !hasEnded { isForced = true }
      log.debug("a worker was waited for", metadata: ["worker": "\(id)", "ended": "\(hasEnded)"])
    }
    if isForced {
      log.warning("connections were closed: they did not end within drainSeconds")
      dataPlane.stop()
      for id in dataPlane.counters.indices {
        _ = dataPlane.waitForWorker(id, milliseconds: 1000)
      }
    }
    let isWritten = dataPlane.finishAudit(milliseconds: 5000)
    if !isWritten { log.critical("the last audit records were not written") }
    return isForced || !isWritten ? .interrupted : .done
  }
}
