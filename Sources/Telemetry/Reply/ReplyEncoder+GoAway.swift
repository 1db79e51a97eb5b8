import Addressing
package import Policy

extension ReplyEncoder {
  /// Appends what a client of HTTP/2 with prior knowledge is refused with: the server's preface, an
  /// empty SETTINGS frame (RFC 9113 §3.4), and a GOAWAY that says that no stream was looked at and
  /// that HTTP/1.1 is wanted (§6.8, §7). Its debug data says to a person what the body of a `403`
  /// would.
  ///
  /// - Parameter flow: nil where the connection ended before there was one.
  package func appendGoAway(
    _ denial: Denial, flow: Flow?, auditID: AuditID, to buffer: inout TextBuffer
  ) {
    var debug = TextBuffer(capacity: 256)
    debug.append(denial.reason.rawValue)
    debug.append(": ")
    debug.append(denial.reason.sentenceOnHTTP2(to: flow))
    debug.append(" auditId ")
    debug.append(auditID)

    buffer.append(frame: .settings, length: 0)
    buffer.append(frame: .goAway, length: 8 + UInt32(debug.count))
    buffer.append(bigEndian: 0)  // no stream was processed
    buffer.append(bigEndian: 0xd)  // HTTP_1_1_REQUIRED
    buffer.append(debug.bytes)
  }
}

/// The frame types of RFC 9113 §6 that are sent.
private enum FrameType: UInt8 {
  case settings = 4
  case goAway = 7
}

extension TextBuffer {
  /// A frame header (RFC 9113 §4.1) without flags, on the connection's own stream 0. `length` is
  /// below 2²⁴.
  fileprivate mutating func append(frame type: FrameType, length: UInt32) {
    append(UInt8(truncatingIfNeeded: length >> 16))
    append(UInt8(truncatingIfNeeded: length >> 8))
    append(UInt8(truncatingIfNeeded: length))
    append(type.rawValue)
    append(0)
    append(bigEndian: 0)
  }

  fileprivate mutating func append(bigEndian value: UInt32) {
    for shift: UInt32 in [24, 16, 8, 0] { append(UInt8(truncatingIfNeeded: value >> shift)) }
  }
}

extension DenyReason {
  /// HTTP/2 is refused as any traffic that can't be read; the client's author should know why.
  fileprivate func sentenceOnHTTP2(to flow: Flow?) -> String {
    guard self == .opaqueProtocol else { return sentence(for: flow) }
    let peer = flow.map { "\($0.destination)" } ?? "the destination"
    return "HTTP/2 to \(peer) can't be judged, and no rule allows the address; use HTTP/1.1."
  }
}
