import Configuration
import ControlPlane
import DataPlane
import Kernel
import Logging
import Telemetry

/// The sidecar's life: guard itself, listen, serve, drain.
struct Service {
  /// What it is started with, but for the rules: `inForce` has those.
  let document: Document
  let fingerprint: Fingerprint
  private let warnings: [Diagnostic]
  /// Where that came from.
  let path: String
  let lifecycle = Lifecycle()
  let startedAt = Instant.wallClock()
  let denials = DenialLog()
  let logLevel: LogLevel
  let log: Logger
  let inForce: PolicyInForce
  let reloads: ReloadStatus

  init(_ loaded: Loaded, path: String, logLevel: LogLevel) {
    document = loaded.document.withoutRules
    fingerprint = loaded.fingerprint
    warnings = loaded.warnings
    self.path = path
    inForce = PolicyInForce(loaded.document)
    reloads = ReloadStatus(loadedAt: startedAt)
    self.logLevel = logLevel
    log = Logger(label: "portarium-sidecar") { label in
      JSONLogHandler(
        label: label, level: logLevel, now: Instant.wallClock,
        write: StandardStream.writeErrorLine)
    }
  }

  func serve() -> ExitStatus {
    for warning in warnings { log.warning("\(warning)") }
    do throws(StartFailure) {
      // Before any other thread exists: all of them inherit the blocked signals.
      var loop = try prepare()
      let box = DataPlaneBox()
      let settings = try settings()
      let identity = try startIdentity(box)
      // It tells the workers of rotations until they have ended.
      defer { identity?.stop() }
      let admin = try startAdmin(
        settings, box, loop.drainRequest, identity: identity?.state)
      let dataPlane: DataPlane
      do throws(StartFailure) {
        dataPlane = try startDataPlane(settings)
      } catch {
        admin.stop()
        throw error
      }
      box.publish(dataPlane)
      lifecycle.advance(to: .ready)
      log.info("ready", metadata: ["proxyPort": "\(document.proxyPort)"])
      steer(dataPlane, &loop)
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
  private func steer(_ dataPlane: DataPlane, _ loop: inout ControlLoop) {
    var reloader = PolicyReloader(
      path: path, started: document, fingerprint: fingerprint, inForce: inForce, status: reloads,
      log: log
    ) { new in
      dataPlane.publish(
        new.ruleset, options: EgressOptions(new.document.egress),
        inbound: new.document.inbound.policy, rechecks: new.document.onReload == .recheck)
    }
    let actions = ControlLoop.Actions(
      reload: { reloader.reload($0) },
      reopenAudit: {
        guard case .file = document.audit.sink else {
          return log.notice("audit records go to a stream that can't be reopened")
        }
        dataPlane.reopenAudit()
      })
    watchDocument(&loop)
    do {
      try loop.run(actions)
    } catch {
      log.critical("waiting for signals failed: \(error)")
    }
  }

  private func watchDocument(_ loop: inout ControlLoop) {
    do {
      for blind in try loop.watch(path) {
        log.notice("changes in \(blind.directory) go unnoticed: \(blind.reason)")
      }
    } catch {
      log.warning("the configuration is not watched, SIGHUP reloads it: \(error)")
    }
  }
}
