import Kernel
import TLS
package import Telemetry

/// What `/metrics` tells beside what the workers count: of the process, its policy and its audit.
package struct SidecarMetrics: Sendable {
  package var version: String
  package var state: Lifecycle.State
  package var workers: Int
  /// Connections that are kept at a time, over all workers.
  package var connectionLimit: Int
  package var ruleCount: Int
  package var reload: ReloadStatus.Snapshot
  /// Bytes of audit lines that wait, and for how many there is room; nil before there are workers.
  package var auditBacklog: (bytes: Int, capacity: Int)?
  /// Nanoseconds since the Unix epoch.
  package var startedAt: UInt64
  /// Nil where the process is to have no identity.
  package var identity: IdentityState.Snapshot?

  package init(
    version: String, state: Lifecycle.State, workers: Int, connectionLimit: Int, ruleCount: Int,
    reload: ReloadStatus.Snapshot, auditBacklog: (bytes: Int, capacity: Int)?, startedAt: UInt64,
    identity: IdentityState.Snapshot? = nil
  ) {
    self.version = version
    self.state = state
    self.workers = workers
    self.connectionLimit = connectionLimit
    self.ruleCount = ruleCount
    self.reload = reload
    self.auditBacklog = auditBacklog
    self.startedAt = startedAt
    self.identity = identity
  }

  /// Appends Prometheus text.
  package func append(to text: inout TextBuffer) {
    appendSelf(to: &text)
    appendPolicy(to: &text)
    appendIdentity(at: Instant.wallClock(), to: &text)
    text.appendMetric(
      "portarium_audit_queue_bytes", .gauge, "Bytes of audit records that wait to be written.",
      UInt64(auditBacklog?.bytes ?? 0))
    text.appendMetric(
      "portarium_audit_queue_capacity_bytes", .gauge,
      "Bytes of audit records that may wait before work waits or records are dropped.",
      UInt64(auditBacklog?.capacity ?? 0))
    appendProcess(to: &text)
  }

  private func appendSelf(to text: inout TextBuffer) {
    text.beginMetric("portarium_build_info", .gauge, "Always 1; the labels say what is running.")
    text.appendSample("portarium_build_info", 1, ["version": version])
    text.beginMetric("portarium_state", .gauge, "1 for the state that the sidecar is in.")
    for state in Lifecycle.State.allCases {
      text.appendSample("portarium_state", state == self.state ? 1 : 0, ["state": state.name])
    }
    text.appendMetric("portarium_workers", .gauge, "Threads that carry traffic.", UInt64(workers))
    text.appendMetric(
      "portarium_connections_limit", .gauge,
      "Connections that are kept at a time; more are denied.", UInt64(connectionLimit))
  }

  private func appendPolicy(to text: inout TextBuffer) {
    text.appendMetric(
      "portarium_egress_rules", .gauge, "Rules of the policy in force.", UInt64(ruleCount))
    text.appendMetric(
      "portarium_policy_generation", .gauge,
      "1 for the policy that the process started with, one more with each that took its place.",
      UInt64(reload.generation))
    text.appendMetric(
      "portarium_policy_loaded_timestamp_seconds", .gauge,
      "When the policy in force took effect.", at: reload.loadedAt)
    let reloads = "portarium_config_reloads_total"
    text.beginMetric(
      reloads, .counter, "Documents that took effect, and such that changed nothing, being wrong.")
    text.appendSample(reloads, reload.successes, ["result": "success"])
    text.appendSample(reloads, reload.failures, ["result": "failure"])
    text.appendMetric(
      "portarium_config_last_reload_successful", .gauge,
      "0 where something was wrong with the document that was read last.",
      reload.lastError == nil ? 1 : 0)
    text.appendMetric(
      "portarium_config_restart_needed_keys", .gauge,
      "Keys of the document that have changed and that only a restart brings into force.",
      UInt64(reload.restartNeeded.count))
  }

  /// Also where there is to be none: a series that is missing raises no alert.
  private func appendIdentity(at time: UInt64, to text: inout TextBuffer) {
    let known = identity ?? IdentityState.Snapshot()
    text.appendMetric(
      "portarium_identity_configured", .gauge, "1 where the configuration asks for an identity.",
      identity == nil ? 0 : 1)
    text.appendMetric(
      "portarium_identity_usable", .gauge,
      "1 while there is an SVID that has not expired; where one is asked for and there is none, "
        + "nothing is accepted or presented over mTLS.",
      known.usable(at: time) == nil ? 0 : 1)
    text.appendMetric(
      "portarium_identity_source_connected", .gauge,
      "1 while the source of the identity is heard: the agent's stream is open, or the files are looked at.",
      known.isConnected ? 1 : 0)
    text.appendMetric(
      "portarium_svid_issued_timestamp_seconds", .gauge,
      "From when the SVID in force is valid; 0 without one.",
      at: known.identity?.svid.notBefore ?? 0)
    text.appendMetric(
      "portarium_svid_expiry_timestamp_seconds", .gauge,
      "When the SVID in force expires; 0 without one.", at: known.identity?.svid.notAfter ?? 0)
    let updates = "portarium_identity_updates_total"
    text.beginMetric(
      updates, .counter,
      "SVIDs and trust bundles that took effect, times that the source could not be reached or what it "
        + "gave could not be used, and times that it took the identity back.")
    text.appendSample(updates, known.successes, ["result": "success"])
    text.appendSample(updates, known.failures, ["result": "failure"])
    text.appendSample(updates, known.withdrawals, ["result": "withdrawn"])
  }

  /// The names are those that every exporter uses.
  private func appendProcess(to text: inout TextBuffer) {
    text.appendMetric(
      "process_start_time_seconds", .gauge, "When the process started.", at: startedAt)
    // Where /proc is out of reach there is nothing to tell.
    guard let process = try? ProcessStatistics() else { return }
    text.beginMetric("process_cpu_seconds_total", .counter, "Time on a processor, of all threads.")
    text.appendSample(
      "process_cpu_seconds_total", TextBuffer.seconds(nanoseconds: process.cpuNanoseconds))
    text.appendMetric(
      "process_resident_memory_bytes", .gauge, "Memory that is in use.", process.residentBytes)
    text.appendMetric(
      "process_virtual_memory_bytes", .gauge, "Memory that is mapped.", process.virtualBytes)
    text.appendMetric("process_threads", .gauge, "Threads of the process.", process.threads)
    text.appendMetric(
      "process_open_fds", .gauge, "File descriptors that are open.", process.openDescriptors)
    guard let limit = try? Process.raiseDescriptorLimit() else { return }
    text.appendMetric(
      "process_max_fds", .gauge, "File descriptors that may be open.", UInt64(limit))
  }
}

extension TextBuffer {
  /// A family of one sample that is a point in time.
  fileprivate mutating func appendMetric(
    _ name: String, _ type: MetricType, _ help: String, at nanoseconds: UInt64
  ) {
    beginMetric(name, type, help)
    appendSample(name, Self.seconds(nanoseconds: nanoseconds))
  }
}
