package import Addressing
package import Policy

/// One record of an audit log, as it was read.
///
/// A plain value; its texts stay in the reader. Words of a closed list that this program doesn't
/// know, from a newer one, are nil.
package struct AuditEntry: Sendable {
  package internal(set) var timestampNanoseconds: UInt64 = 0
  package internal(set) var auditID: AuditID?
  package internal(set) var workspaceID = AuditText.absent
  package internal(set) var workerID: UInt64?
  package internal(set) var direction: AuditRecord.Direction?
  package internal(set) var enforcementMode: EnforcementMode?
  package internal(set) var enforced = true
  package internal(set) var decision = AuditRecord.Decision.deny
  package internal(set) var reason: DenyReason?
  /// The reason's identifier, also where `reason` doesn't know it.
  package internal(set) var reasonText = AuditText.absent
  package internal(set) var matchedRule = AuditText.absent
  /// The named policy that judged.
  package internal(set) var policy = AuditText.absent
  package internal(set) var applicationProtocol: AuditRecord.ApplicationProtocol?
  package internal(set) var sourceAddress: IPAddress?
  package internal(set) var sourcePort: UInt16?
  package internal(set) var destinationAddress: IPAddress?
  package internal(set) var host = AuditText.absent
  package internal(set) var destinationPort: UInt16?
  package internal(set) var method = AuditText.absent
  package internal(set) var path = AuditText.absent
  package internal(set) var responseStatus: UInt16?
  package internal(set) var outcome: AuditRecord.Outcome?
  /// Nil where the number is none that counts bytes, as of a tool that wrote it as a fraction.
  package internal(set) var bytesSent: UInt64?
  package internal(set) var bytesReceived: UInt64?
  /// Nil where it isn't written as milliseconds with three decimals.
  package internal(set) var latencyMicroseconds: UInt64?
  package internal(set) var traceparent = AuditText.absent
  /// Who wrote the record.
  package internal(set) var agentID = AuditText.absent
  /// Whose certificate was verified.
  package internal(set) var peerID = AuditText.absent
  package internal(set) var tlsFailure = AuditText.absent
}

/// The fields of a record that are read, in the order in which the encoder writes them.
package enum AuditField: String, CaseIterable, Sendable {
  case timestamp, auditId, workspaceId, workerId, direction, enforcementMode, enforced
  case policyDecision, policyReason, matchedRule, policy
  case `protocol`, sourceAddress, sourcePort, destinationAddress, destinationHost, destinationPort
  case httpMethod, httpPath, responseStatus, outcome, bytesSent, bytesReceived, latencyMs
  case traceparent, agentSpiffeId, peerSpiffeId, tlsFailure

  /// Without these a line says nothing that could be judged.
  static let required: [AuditField] = [
    .timestamp, .enforced, .policyDecision, .protocol, .sourceAddress, .outcome,
  ]
}
