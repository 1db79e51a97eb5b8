import Configuration
import ControlPlane
import DataPlane
import Kernel
import Logging
import Policy
import Telemetry

/// The sidecar's life: guard itself, listen, serve, drain.
struct Service {
  static let version = "0.1.0"

  private let document: Document
  private let lifecycle = Lifecycle()
  private let startedAt = Instant.wallClock()
  private let log = Logger(label: "portarium-sidecar") { label in
    JSONLogHandler(label: label, now: Instant.wallClock, write: StandardStream.writeErrorLine)
  }

  init(_ document: Document) { self.document = document }

  func serve() -> ExitStatus {
    do throws(StartFailure) {
      // Before any other thread exists: all of them inherit the blocked signals.
      let signals = try prepare()
      let counters = CountersBox()
      let settings = try settings()
      let admin = try startAdmin(settings, counters)
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
      waitForSignal(signals)
      let status = drain(dataPlane)
      lifecycle.advance(to: .stopped)
      admin.stop()
      return status
    } catch {
      Sidecar.say(error.sentence)
      return error.status
    }
  }

  private func prepare() throws(StartFailure) -> TerminationSignals {
    do {
      try Process.guardItself()
      return try TerminationSignals()
    } catch {
      throw StartFailure("the process can't guard itself: \(error)", .systemRefused)
    }
  }

  private func startAdmin(
    _ settings: DataPlaneSettings, _ counters: CountersBox
  ) throws(StartFailure) -> AdminServer {
    let status = SidecarStatus(
      workspaceId: document.workspaceId, version: Self.version,
      enforcementMode: document.enforcementMode, egressRuleCount: document.egress.rules.count,
      workers: settings.workers, startedAt: startedAt)
    let router = AdminRouter(
      lifecycle: lifecycle, status: { status },
      metrics: { WorkerCounters.appendMetrics(of: counters.all, to: &$0) })
    do {
      return try AdminServer(
        adminPort: document.adminPort, healthPort: document.healthPort, router: router,
        logger: log)
    } catch {
      throw StartFailure(error)
    }
  }

  private func startDataPlane(_ settings: DataPlaneSettings) throws(StartFailure) -> DataPlane {
    let policy = Ruleset(
      rules: document.egress.rules, enforcementMode: document.enforcementMode)
    do {
      let log = self.log
      return try DataPlane(
        settings: settings, policy: policy, audit: Process.takeStandardOutput(),
        reportFailure: { log.critical("\($0)") })
    } catch {
      throw StartFailure(error)
    }
  }

  private func settings() throws(StartFailure) -> DataPlaneSettings {
    do {
      return DataPlaneSettings(document, descriptors: try Process.raiseDescriptorLimit())
    } catch {
      throw StartFailure("the limit of descriptors can't be read: \(error)", .systemRefused)
    }
  }

  private func waitForSignal(_ signals: borrowing TerminationSignals) {
    do {
      _ = try signals.wait()
    } catch {
      log.critical("waiting for signals failed: \(error)")
    }
  }

  /// Lets what is under way end within the drain's time, then closes the rest.
  private func drain(_ dataPlane: DataPlane) -> ExitStatus {
    lifecycle.advance(to: .draining)
    log.info("draining")
    dataPlane.drain()
    let deadline = Instant.now() + document.limits.drain.nanoseconds
    var isForced = false
    for id in dataPlane.counters.indices {
      let left = Int32(clamping: (deadline.since(Instant.now()) + 999_999) / 1_000_000)
      if !dataPlane.waitForWorker(id, milliseconds: left) { isForced = true }
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
