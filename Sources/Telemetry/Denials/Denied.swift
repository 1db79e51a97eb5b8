package import Addressing
package import Policy

/// One denial as it is remembered: what its audit record says, without the path.
package struct Denied: Sendable {
  private static let hostLimit = 255
  private static let methodLimit = 32

  /// Nanoseconds since the Unix epoch.
  package let timestampNanoseconds: UInt64
  package let auditID: AuditID
  package let workerID: Int32
  package let direction: AuditRecord.Direction
  package let reason: DenyReason
  /// False where monitor mode let it pass.
  package let enforced: Bool
  package let applicationProtocol: AuditRecord.ApplicationProtocol
  package let source: ClientAddress
  package let destination: OriginalDestination?
  /// 0 where it is not known.
  package let port: UInt16
  /// 0 where there was no HTTP response.
  package let responseStatus: UInt16

  /// Host and method, one behind the other.
  private var texts = InlineArray<287, UInt8>(repeating: 0)
  private let hostLength: UInt8
  private let methodLength: UInt8

  init(
    _ record: borrowing AuditRecord, reason: DenyReason, host: Span<UInt8>, method: Span<UInt8>
  ) {
    timestampNanoseconds = record.timestampNanoseconds
    auditID = record.auditID
    workerID = Int32(truncatingIfNeeded: record.workerID)
    direction = record.direction
    self.reason = reason
    enforced = record.enforced
    applicationProtocol = record.applicationProtocol
    source = record.source
    destination = record.destination
    port = record.destination?.endpoint.port ?? record.requestedPort
    responseStatus = record.responseStatus
    hostLength = UInt8(min(host.count, Self.hostLimit))
    methodLength = UInt8(min(method.count, Self.methodLimit))
    for index in 0..<Int(hostLength) { texts[index] = host[index] }
    for index in 0..<Int(methodLength) { texts[Int(hostLength) + index] = method[index] }
  }

  /// As it came from the wire, bytes that are no UTF-8 replaced; empty where there was none.
  package var hostText: String {
    let host = host
    return String(decoding: host.indices.map { host[$0] }, as: UTF8.self)
  }

  private var host: Span<UInt8> {
    @_lifetime(borrow self) borrowing get { texts.span.extracting(first: Int(hostLength)) }
  }

  private var method: Span<UInt8> {
    @_lifetime(borrow self) borrowing get {
      texts.span.extracting(Int(hostLength)..<Int(hostLength) + Int(methodLength))
    }
  }

  /// Appends one JSON object, its keys those of an audit record.
  package func append(to text: inout TextBuffer) {
    text.append(#"{"timestamp":""#)
    var timestamp = TimestampText()
    timestamp.append(timestampNanoseconds, to: &text)
    text.append(#"","auditId":""#)
    text.append(auditID)
    text.append(#"","workerId":\#(workerID),"direction":"\#(direction.rawValue)""#)
    text.append(#","enforced":\#(enforced),"policyReason":""#)
    text.append(reason.rawValue)
    text.append(#"","protocol":"\#(applicationProtocol.rawValue)","sourceAddress":""#)
    text.append(source.endpoint.address.canonical)
    text.append(#"","sourcePort":\#(source.endpoint.port)"#)
    if let destination {
      text.append(#","destinationAddress":""#)
      text.append(destination.endpoint.address)
      text.append("\"")
    }
    if !host.isEmpty {
      text.append(#","destinationHost":""#)
      text.append(escaping: host)
      text.append("\"")
    }
    if port != 0 || destination != nil { text.append(#","destinationPort":\#(port)"#) }
    if !method.isEmpty {
      text.append(#","httpMethod":""#)
      text.append(escaping: method)
      text.append("\"")
    }
    if responseStatus != 0 { text.append(#","responseStatus":\#(responseStatus)"#) }
    text.append("}")
  }
}
