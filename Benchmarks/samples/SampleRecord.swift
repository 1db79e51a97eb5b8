internal import Addressing
internal import Policy
package import Telemetry

/// An audit record as most are: of a request that was allowed and answered.
package struct SampleRecord {
  package var record: AuditRecord
  package let host = Array("api.example.com".utf8)
  package let method = Array("GET".utf8)
  package let path = Array("/v1/repositories/portarium/issues".utf8)
  package let traceparent = Array(
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".utf8)

  package init(id: AuditID, timestampNanoseconds: UInt64) {
    record = AuditRecord(
      timestampNanoseconds: timestampNanoseconds, auditID: id, workerID: 0,
      enforcementMode: .enforce, enforced: true, decision: .allow, reason: nil,
      matchedRule: "github", applicationProtocol: .http,
      source: ClientAddress(Endpoint(address: IPAddress("10.1.0.1")!, port: 45678)),
      destination: OriginalDestination(Endpoint(address: IPAddress("140.82.112.3")!, port: 80)),
      responseStatus: 200, outcome: .completed, bytesSent: 312, bytesReceived: 4096,
      latencyNanoseconds: 1_234_567)
  }
}

extension AuditEncoder {
  /// Appends the record's line.
  package mutating func encode(_ sample: borrowing SampleRecord, into lines: inout TextBuffer) {
    encode(
      sample.record, host: sample.host.span, method: sample.method.span, path: sample.path.span,
      traceparent: sample.traceparent.span, into: &lines)
  }
}
