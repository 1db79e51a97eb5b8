import Configuration
import ControlPlane
import DataPlane
import Kernel
import Logging

/// The sidecar's life: guard itself, listen, serve, drain.
struct Service {
  static let version = "0.1.0"

  let document: Document
  let lifecycle = Lifecycle()
  let startedAt = Instant.wallClock()
  let logLevel: LogLevel
  let log: Logger

  init(_ document: Document, logLevel: LogLevel) {
    self.document = document
    self.logLevel = logLevel
    log = Logger(label: "portarium-sidecar") { label in
      JSONLogHandler(
        label: label, level: logLevel, now: Instant.wallClock,
        write: StandardStream.writeErrorLine)
    }
  }

  func serve() -> ExitStatus {
    do throws(StartFailure) {
      // Before any other thread exists: all of them inherit the blocked signals.
      let loop = try prepare()
      let counters = CountersBox()
      let settings = try settings()
      let admin = try startAdmin(settings, counters, loop.drainRequest)
      let dataPlane: DataPlane
      do throws(StartFailure) {
        dataPlane = try startDataPlane(settings)
      } catch {
        admin.stop()
        throw error
      }
      counters.publish(dataPlane.counters)
      lifecycle.advance(to: .ready)
      log.info("ready", metadata: ["proxyPort": "\(document.proxyPort)"])
      steer(dataPlane, loop)
      let status = drain(dataPlane)
      lifecycle.advance(to: .stopped)
      admin.stop()
      return status
    } catch {
      Sidecar.say(error.sentence)
      return error.status
    }
  }

  /// Returns once the process is to drain.
  private func steer(_ dataPlane: DataPlane, _ loop: borrowing ControlLoop) {
    let actions = ControlLoop.Actions(
      reload: { log.notice("a running sidecar doesn't read its configuration again") },
      reopenAudit: {
        guard case .file = document.audit.sink else {
          return log.notice("audit records go to a stream that can't be reopened")
        }
        dataPlane.reopenAudit()
      })
    do {
      try loop.run(actions)
    } catch {
      log.critical("waiting for signals failed: \(error)")
    }
  }
}
