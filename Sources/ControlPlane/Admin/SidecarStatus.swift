package import Policy
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

  package init(
    workspaceId: String, version: String, enforcementMode: EnforcementMode, egressRuleCount: Int?,
    workers: Int, startedAt: UInt64
  ) {
    self.workspaceId = workspaceId
    self.version = version
    self.enforcementMode = enforcementMode
    self.egressRuleCount = egressRuleCount
    self.workers = workers
    self.startedAt = startedAt
  }

  func append(state: Lifecycle.State, to text: inout TextBuffer) {
    text.append(#"{"state":"\#(state.name)","workspaceId":""#)
    text.append(escaping: workspaceId)
    text.append("\",")
    if let egressRuleCount { text.append(#""egressRuleCount":\#(egressRuleCount),"#) }
    text.append(#""enforcementMode":"\#(enforcementMode.rawValue)","workers":\#(workers),"#)
    text.append(#""version":""#)
    text.append(escaping: version)
    text.append(#"","startedAtIso":""#)
    var timestamp = TimestampText()
    timestamp.append(startedAt, to: &text)
    text.append("\"}\n")
  }
}
