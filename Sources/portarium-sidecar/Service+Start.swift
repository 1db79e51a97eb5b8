import Configuration
import ControlPlane
import DataPlane
import Kernel
import Logging
import Policy
import Telemetry

// What must be there before the sidecar serves, in the order in which it is made.
extension Service {
  /// To be called before any other thread exists.
  func prepare() throws(StartFailure) -> ControlLoop {
    do {
      try Process.guardItself()
      return try ControlLoop(Signals())
    } catch {
      throw StartFailure("the process can't prepare itself: \(error)", .systemRefused)
    }
  }

  func settings() throws(StartFailure) -> DataPlaneSettings {
    do {
      return DataPlaneSettings(document, descriptors: try Process.raiseDescriptorLimit())
    } catch {
      throw StartFailure("the limit of descriptors can't be read: \(error)", .systemRefused)
    }
  }

  func startAdmin(
    _ settings: DataPlaneSettings, _ counters: CountersBox, _ drainRequest: DrainRequest
  ) throws(StartFailure) -> AdminServer {
    let router = AdminRouter(
      lifecycle: lifecycle,
      status: { [inForce, startedAt] in
        let now = inForce.now
        return SidecarStatus(
          workspaceId: now.document.workspaceId, version: Self.version,
          enforcementMode: now.document.enforcementMode,
          egressRuleCount: now.ruleset.ruleCount, workers: settings.workers,
          startedAt: startedAt)
      },
      metrics: { WorkerCounters.appendMetrics(of: counters.all, to: &$0) })
    do {
      return try AdminServer(
        adminPort: document.adminPort, healthPort: document.healthPort, router: router,
        logger: log)
    } catch {
      throw StartFailure(error)
    }
  }

  func startDataPlane(_ settings: DataPlaneSettings) throws(StartFailure) -> DataPlane {
    let sink = try openAuditSink()
    do {
      let log = self.log
      return try DataPlane(
        settings: settings, policy: inForce.now.ruleset, audit: sink,
        reportFailure: { log.critical("\($0)") })
    } catch {
      throw StartFailure(error)
    }
  }

  private func openAuditSink() throws(StartFailure) -> AuditSink {
    let target = AuditSink.Target(document.audit.sink)
    do {
      return try AuditSink.open(target)
    } catch {
      throw StartFailure(error, target)
    }
  }
}
