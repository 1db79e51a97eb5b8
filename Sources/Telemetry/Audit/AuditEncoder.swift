import Addressing
import Policy

/// Writes audit records as JSON lines.
///
/// One per worker, used by its thread alone: it remembers the text of the last second.
package struct AuditEncoder: Sendable {
  /// From behind `auditId` to the value of `workerId`: the same in every record.
  private let workspace: [UInt8]
  /// The beginning of a CloudEvent up to the worker's number in its source; empty where records are
  /// written as they are.
  private let envelope: [UInt8]
  private var timestamp = TimestampText()
  /// Who writes the records: this process's SPIFFE ID, while it has one.
  package var agentID: String? {
    didSet {
      guard agentID != oldValue else { return }
      var text = TextBuffer()
      if let agentID {
        text.append(#","agentSpiffeId":""#)
        text.append(escaping: agentID)
        text.append("\"")
      }
      agent = text.bytes.indices.map { text.bytes[$0] }
    }
  }
  private var agent: [UInt8] = []

  package init(workspaceID: String, format: AuditFormat = .json) {
    var text = TextBuffer()
    text.append(#"","workspaceId":""#)
    text.append(escaping: workspaceID)
    text.append(#"","workerId":"#)
    workspace = text.bytes.indices.map { text.bytes[$0] }
    text.removeAll()
    if format == .cloudEvents {
      text.append(#"{"specversion":"1.0","type":""#)
      text.append(Self.eventType)
      text.append(#"","source":"/workspaces/"#)
      text.append(escaping: workspaceID)
      text.append("/workers/")
    }
    envelope = text.bytes.indices.map { text.bytes[$0] }
  }

  /// The CloudEvents `type`: another number where a reader of this one could not read the record.
  package static let eventType = "io.portarium.audit.v1"

  /// Appends one line, its line end included. Never fails and never writes part of a line.
  ///
  /// Texts are raw bytes as they came from the wire; an empty one is unknown and left out.
  ///
  /// - Parameters:
  ///   - host: the name that was judged, or what stood in its place.
  ///   - path: the request target up to the first `?`; a query string must not be handed in.
  ///   - peer: nil where there was no TLS of ours.
  package mutating func encode(
    _ record: borrowing AuditRecord,
    host: Span<UInt8>,
    method: Span<UInt8>,
    path: Span<UInt8>,
    traceparent: Span<UInt8>,
    peer: AuditPeer? = nil,
    into buffer: inout TextBuffer
  ) {
    if !envelope.isEmpty { appendEnvelope(record, to: &buffer) }
    buffer.append(#"{"timestamp":""#)
    timestamp.append(record.timestampNanoseconds, to: &buffer)
    buffer.append(#"","auditId":""#)
    buffer.append(record.auditID)
    buffer.append(workspace.span)
    buffer.append(decimal: UInt64(record.workerID))
    appendVerdict(record, to: &buffer)
    appendEndpoints(record, host: host, to: &buffer)
    if !method.isEmpty {
      buffer.append(#","httpMethod":""#)
      buffer.append(escaping: method)
      buffer.append(UInt8(ascii: "\""))
    }
    if !path.isEmpty {
      buffer.append(#","httpPath":""#)
      buffer.append(escaping: path)
      buffer.append(UInt8(ascii: "\""))
    }
    appendResult(record, to: &buffer)
    if !traceparent.isEmpty {
      buffer.append(#","traceparent":""#)
      buffer.append(escaping: traceparent)
      buffer.append(UInt8(ascii: "\""))
    }
    buffer.append(agent.span)
    if let peer { append(peer, to: &buffer) }
    buffer.append(envelope.isEmpty ? "}\n" : "}}\n")
  }

  private func append(_ peer: AuditPeer, to buffer: inout TextBuffer) {
    if let id = peer.id {
      buffer.append(#","peerSpiffeId":""#)
      buffer.append(escaping: id)
      buffer.append(UInt8(ascii: "\""))
    }
    if let failure = peer.failure {
      buffer.append(#","tlsFailure":""#)
      buffer.append(escaping: failure)
      buffer.append(UInt8(ascii: "\""))
    }
  }

  /// CloudEvents 1.0, JSON event format §3: everything up to the value of `data`.
  private mutating func appendEnvelope(
    _ record: borrowing AuditRecord, to buffer: inout TextBuffer
  ) {
    buffer.append(envelope.span)
    buffer.append(decimal: UInt64(record.workerID))
    buffer.append(#"","id":""#)
    buffer.append(record.auditID)
    buffer.append(#"","time":""#)
    timestamp.append(record.timestampNanoseconds, to: &buffer)
    buffer.append(#"","datacontenttype":"application/json","data":"#)
  }

  private func appendVerdict(_ record: borrowing AuditRecord, to buffer: inout TextBuffer) {
    switch record.direction {
    case .outbound: buffer.append(#","direction":"outbound","enforcementMode":""#)
    case .inbound: buffer.append(#","direction":"inbound","enforcementMode":""#)
    }
    switch record.enforcementMode {
    case .enforce: buffer.append("enforce")
    case .monitor: buffer.append("monitor")
    }
    buffer.append(record.enforced ? #"","enforced":true"# : #"","enforced":false"#)
    switch record.decision {
    case .allow: buffer.append(#","policyDecision":"allow""#)
    case .deny: buffer.append(#","policyDecision":"deny""#)
    }
    if let reason = record.reason {
      buffer.append(#","policyReason":""#)
      buffer.append(reason.rawValue)
      buffer.append(UInt8(ascii: "\""))
    }
    if let rule = record.matchedRule {
      buffer.append(#","matchedRule":""#)
      buffer.append(escaping: rule)
      buffer.append(UInt8(ascii: "\""))
    }
    if let policy = record.policy {
      buffer.append(#","policy":""#)
      buffer.append(escaping: policy)
      buffer.append(UInt8(ascii: "\""))
    }
  }

  private func appendEndpoints(
    _ record: borrowing AuditRecord, host: Span<UInt8>, to buffer: inout TextBuffer
  ) {
    switch record.applicationProtocol {
    case .http: buffer.append(#","protocol":"http","sourceAddress":""#)
    case .tls: buffer.append(#","protocol":"tls","sourceAddress":""#)
    case .tcp: buffer.append(#","protocol":"tcp","sourceAddress":""#)
    }
    buffer.append(record.source.endpoint.address.canonical)
    buffer.append(#"","sourcePort":"#)
    buffer.append(decimal: UInt64(record.source.endpoint.port))
    if let destination = record.destination {
      buffer.append(#","destinationAddress":""#)
      buffer.append(destination.endpoint.address)
      buffer.append(UInt8(ascii: "\""))
    }
    if !host.isEmpty {
      buffer.append(#","destinationHost":""#)
      buffer.append(escaping: host)
      buffer.append(UInt8(ascii: "\""))
    }
    let port = record.destination?.endpoint.port ?? record.requestedPort
    if port != 0 || record.destination != nil {
      buffer.append(#","destinationPort":"#)
      buffer.append(decimal: UInt64(port))
    }
  }

  private func appendResult(_ record: borrowing AuditRecord, to buffer: inout TextBuffer) {
    if record.responseStatus != 0 {
      buffer.append(#","responseStatus":"#)
      buffer.append(decimal: UInt64(record.responseStatus))
    }
    buffer.append(#","outcome":""#)
    switch record.outcome {
    case .completed: buffer.append("completed")
    case .denied: buffer.append("denied")
    case .upstreamFailed: buffer.append("upstream-failed")
    case .clientGone: buffer.append("client-gone")
    case .timedOut: buffer.append("timed-out")
    case .shutdown: buffer.append("shutdown")
    }
    buffer.append(#"","bytesSent":"#)
    buffer.append(decimal: record.bytesSent)
    buffer.append(#","bytesReceived":"#)
    buffer.append(decimal: record.bytesReceived)
    buffer.append(#","latencyMs":"#)
    let microseconds = record.latencyNanoseconds / 1000
    buffer.write(24) { output in
      output.append(decimal: microseconds / 1000)
      output.append(UInt8(ascii: "."))
      output.append(decimal: microseconds % 1000, digits: 3)
    }
  }
}
