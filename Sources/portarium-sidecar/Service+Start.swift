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
      return try ControlLoop(Signals(), log: log)
    } catch {
      throw StartFailure("the process can't prepare itself: \(error)", .systemRefused)
    }
  }

  func settings() throws(StartFailure) -> DataPlaneSettings {
    do {
      let descriptors = try Process.raiseDescriptorLimit()
      let settings = DataPlaneSettings(document, descriptors: descriptors)
      log.debug(
        "settings",
        metadata: [
          "descriptors": "\(descriptors)", "connections": "\(settings.limits.connections)",
          "workers": "\(settings.workers)",
          "listeners": .array(settings.listeners.map { "\($0)" }),
        ])
      return settings
    } catch {
      throw StartFailure("the limit of descriptors can't be read: \(error)", .systemRefused)
    }
  }

  func startDataPlane(_ settings: DataPlaneSettings) throws(StartFailure) -> DataPlane {
    let sink = try openAuditSink()
    do {
      let log = self.log
      return try DataPlane(
        settings: settings, policy: inForce.now.ruleset,
        inbound: inForce.now.document.inbound.policy, audit: sink, denials: denials,
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
