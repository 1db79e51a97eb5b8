package import Configuration
package import Policy
import TLS
import Telemetry

/// What `GET /status` tells beside the state. Fields that don't apply are left out of the JSON.
package struct SidecarStatus: Sendable {
  package var workspaceId: String
  package var version: String
  package var enforcementMode: EnforcementMode
  /// Nil until a policy is published.
  package var egressRuleCount: Int?
  package var workers: Int
  /// Nanoseconds since the Unix epoch.
  package var startedAt: UInt64
  package var reload: ReloadStatus.Snapshot
  package var audit: Audit
  /// Nil where the process is to have no identity.
  package var identity: IdentityState.Snapshot?

  package init(
    workspaceId: String, version: String, enforcementMode: EnforcementMode, egressRuleCount: Int?,
    workers: Int, startedAt: UInt64, reload: ReloadStatus.Snapshot, audit: Audit,
    identity: IdentityState.Snapshot? = nil
  ) {
    self.workspaceId = workspaceId
    self.version = version
    self.enforcementMode = enforcementMode
    self.egressRuleCount = egressRuleCount
    self.workers = workers
    self.startedAt = startedAt
    self.reload = reload
    self.audit = audit
    self.identity = identity
  }

  /// How the audit stands.
  package struct Audit: Sendable {
    package var settings: Configuration.Audit
    /// What waits to be written, over all workers.
    package var queuedBytes: Int
    package var capacityBytes: Int
    package var dropped: UInt64
    package var stalls: UInt64

    package init(
      _ settings: Configuration.Audit, queuedBytes: Int, capacityBytes: Int, dropped: UInt64,
      stalls: UInt64
    ) {
      self.settings = settings
      self.queuedBytes = queuedBytes
      self.capacityBytes = capacityBytes
      self.dropped = dropped
      self.stalls = stalls
    }
  }

  func append(state: Lifecycle.State, to text: inout TextBuffer) {
    var writer = JSONWriter()
    writer.object { writer in
      writer.string("state", state.name)
      writer.string("workspaceId", workspaceId)
      if let egressRuleCount { writer.number("egressRuleCount", egressRuleCount) }
      writer.string("enforcementMode", enforcementMode.rawValue)
      writer.number("workers", workers)
      writer.string("version", version)
      writer.string("startedAtIso", timestamp(startedAt))
      writer.number("generation", reload.generation)
      writer.string("loadedAtIso", timestamp(reload.loadedAt))
      if let error = reload.lastError {
        writer.object("lastReloadError") { writer in
          writer.string("message", error)
          writer.string("atIso", timestamp(reload.lastAttemptAt))
        }
      }
      writer.strings("restartNeeded", reload.restartNeeded)
      if let svid = identity?.identity?.svid {
        writer.string("spiffeId", "\(svid.id)")
        writer.string("svidExpiresAtIso", timestamp(svid.notAfter))
      }
      if let error = identity?.lastError {
        writer.object("lastIdentityError") { writer in
          writer.string("message", error)
          writer.string("atIso", timestamp(identity?.lastErrorAt ?? 0))
        }
      }
      writer.object("audit") { writer in
        writer.append(audit.settings)
        writer.number("queuedBytes", audit.queuedBytes)
        writer.number("capacityBytes", audit.capacityBytes)
        writer.number("dropped", audit.dropped)
        writer.number("stalls", audit.stalls)
      }
    }
    text.append(writer.text.bytes)
    text.append("\n")
  }

  private func timestamp(_ nanoseconds: UInt64) -> String { isoTimestamp(nanoseconds) }
}

/// RFC 3339, with nanoseconds.
func isoTimestamp(_ nanoseconds: UInt64) -> String {
  var text = TextBuffer()
  var timestamp = TimestampText()
  timestamp.append(nanoseconds, to: &text)
  return text.description
}
