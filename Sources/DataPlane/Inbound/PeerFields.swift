import Addressing
import Kernel
import TLS
import Telemetry

// What the workload is told of the peer whose request it gets.
extension InboundSession {
  /// Most bytes that `appendPeerFields` adds: two IDs of 2,048 bytes, one of them twice, a subject of
  /// as many, and what stands between them.
  static let maximumFieldsLength = 4 * 2048 + 256

  /// Appends `x-forwarded-client-cert` in Envoy's format, with one element, and
  /// `x-portarium-peer-spiffe-id`; nothing where the peer has proved nothing.
  func appendPeerFields(to buffer: inout ByteBuffer) {
    guard let peer, let id = peer.id, let presented else { return }
    let idText = id.description
    buffer.append("x-forwarded-client-cert: By=")
    buffer.append(presented.id.description.utf8.span)
    buffer.append(";Hash=")
    buffer.append(atMost: 2 * peer.fingerprint.count) { output in
      for byte in peer.fingerprint {
        output.append(Self.digits[Int(byte >> 4)])
        output.append(Self.digits[Int(byte & 0xf)])
      }
    }
    // Escaped as RFC 2253 has it, so that no quote stands alone. One that can't stand in a field is
    // left out: it identifies nobody.
    if Self.mayBeQuoted(peer.subject) {
      buffer.append(";Subject=\"")
      buffer.append(peer.subject.utf8.span)
      buffer.append("\"")
    }
    buffer.append(";URI=")
    buffer.append(idText.utf8.span)
    buffer.append("\r\nx-portarium-peer-spiffe-id: ")
    buffer.append(idText.utf8.span)
    buffer.append("\r\n")
  }

  private static let digits = Array("0123456789abcdef".utf8)

  /// Whether a text can stand between quotes in a field value: visible ASCII and spaces, not too
  /// much of it, and quotes only behind a backslash that is not itself escaped.
  static func mayBeQuoted(_ text: String) -> Bool {
    guard text.utf8.count <= 2048 else { return false }
    var isEscaped = false
    for byte in text.utf8 {
      guard (0x20...0x7e).contains(byte) else { return false }
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        return false
      }
    }
    return !isEscaped
  }
}
