import Kernel
import Policy
import Wire

// What monitor mode says in a response: that its request would have been denied, and why.
extension Worker {
  /// Makes a response head say so where it is to, and takes out what its server says in our name.
  /// Nothing else of it changes, and nothing at all unless the document asks for it.
  ///
  /// - Parameter bytes: begin with the head.
  mutating func reportWouldDeny(
    in head: ResponseHead, _ bytes: inout ByteBuffer, _ record: borrowing OpenRecord
  ) {
    guard options.reportsWouldDeny else { return }
    // An interim response is none to the request yet.
    let reason = head.isInterim ? nil : record.wouldDeny
    guard reason != nil || head.claimsWouldDeny else { return }
    var rewritten = ByteBuffer()
    swap(&rewritten, &outgoing)
    rewritten.clear()
    ResponseRewrite.forEachPiece(of: head, in: bytes.bytes) {
      rewritten.append(bytes.bytes[$0])
    }
    if let reason { Self.appendWouldDeny(reason, to: &rewritten) }
    rewritten.append(bytes.bytes.extracting((head.length - 2)..<bytes.count))
    bytes.clear()
    bytes.append(rewritten.bytes)
    swap(&rewritten, &outgoing)
  }

  /// Appends the field line.
  static func appendWouldDeny(_ reason: DenyReason, to buffer: inout ByteBuffer) {
    buffer.append(ResponseRewrite.wouldDenyName.utf8.span)
    buffer.append(": ")
    buffer.append(reason.rawValue.utf8.span)
    buffer.append("\r\n")
  }
}
