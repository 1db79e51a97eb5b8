import Configuration
import ControlPlane
import DataPlane
import Kernel
import Logging
import Policy
import Telemetry

// The admin and the health port, and what they tell.
extension Service {
  func startAdmin(
    _ settings: DataPlaneSettings, _ dataPlane: DataPlaneBox, _ drainRequest: DrainRequest,
    identity: IdentityState?
  ) throws(StartFailure) -> AdminServer {
    let (inForce, log, logLevel, workers) = (inForce, log, logLevel, settings.workers)
    let sources = AdminSources(
      status: status(settings, dataPlane, identity),
      metrics: metrics(settings, dataPlane, identity),
      configuration: { inForce.now.document.appendJSON(workers: workers, to: &$0) },
      denials: denials,
      drain: drainRequest.ask,
      setLogLevel: { level in
        logLevel.current = level
        log.notice("the log's level was changed", metadata: ["level": "\(level)"])
      },
      identity: identity)
    let access = AdminAccess(ownUID: Process.userID, allowing: document.admin.allowUIDs)
    let router = AdminRouter(lifecycle: lifecycle, access: access, sources: sources)
    do {
      return try AdminServer(
        adminPort: document.adminPort, healthPort: document.healthPort, router: router,
        logger: log)
    } catch {
      throw StartFailure(error)
    }
  }

  private func status(
    _ settings: DataPlaneSettings, _ dataPlane: DataPlaneBox, _ identity: IdentityState?
  ) -> @Sendable () -> SidecarStatus {
    { [inForce, reloads, startedAt, workers = settings.workers] in
      let now = inForce.now
      let counters = dataPlane.counters
      let backlog = dataPlane.auditBacklog
      return SidecarStatus(
        workspaceId: now.document.workspaceId, version: Release.version,
        enforcementMode: now.document.enforcementMode, egressRuleCount: now.ruleset.ruleCount,
        workers: workers, startedAt: startedAt, reload: reloads.now,
        audit: SidecarStatus.Audit(
          now.document.audit, queuedBytes: backlog?.bytes ?? 0,
          capacityBytes: backlog?.capacity ?? 0,
          dropped: counters.reduce(0) { $0 &+ $1.auditDropped.value },
          stalls: counters.reduce(0) { $0 &+ $1.auditStalls.value }),
        identity: identity?.now)
    }
  }

  private func metrics(
    _ settings: DataPlaneSettings, _ dataPlane: DataPlaneBox, _ identity: IdentityState?
  ) -> @Sendable (inout TextBuffer) -> Void {
    let (workers, limit) = (settings.workers, settings.limits.connections)
    return { [inForce, lifecycle, reloads, startedAt] text in
      WorkerCounters.appendMetrics(of: dataPlane.counters, to: &text)
      SidecarMetrics(
        version: Release.version, state: lifecycle.state, workers: workers, connectionLimit: limit,
        ruleCount: inForce.now.ruleset.ruleCount, reload: reloads.now,
        auditBacklog: dataPlane.auditBacklog, startedAt: startedAt, identity: identity?.now
      ).append(to: &text)
    }
  }
}
