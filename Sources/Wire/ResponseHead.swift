/// What one HTTP/1 response head says (RFC 9112).
package struct ResponseHead: Sendable {
  /// How the body that follows is delimited (RFC 9112 §6.3).
  package enum Framing: Sendable, Equatable {
    case none
    /// Bytes; may be zero.
    case length(UInt64)
    case chunked
    /// All bytes until the server closes.
    case untilClose
  }

  /// Bytes of the head, the empty line included.
  package var length = 0
  /// Offset of the first field line, or of the empty line.
  var fieldsStart = 0
  /// 100–999.
  package var status: UInt16 = 0
  package var version = HTTPVersion.http11
  package var framing = Framing.none
  /// The server lets the connection be used again; never with `untilClose`.
  package var keepAlive = true
  /// 101: what follows is another protocol. Whether anybody asked for it is the caller's to know.
  package var isUpgrade: Bool { status == 101 }
  /// 101 that agrees to WebSocket in both fields (RFC 6455 §4.1). A bare 101 agrees to nothing: who
  /// sends it may go on in HTTP.
  package var opensWebSocket = false
  /// The server says `x-portarium-would-deny` itself.
  package var claimsWouldDeny = false
  /// 1xx but 101: another head follows for the same request.
  package var isInterim: Bool { (100...199).contains(status) && status != 101 }

  init() {}
}

/// Why bytes are no response that may be passed on.
package enum ResponseError: Error, Sendable, CaseIterable {
  case badStatusLine
  case unsupportedVersion
  case bareLineEnd
  case foldedLine
  case spaceBeforeColon
  case badFieldName
  case badFieldValue
  case headTooLarge
  case tooManyFields
  case badContentLength
  case differingContentLength
  case repeatedTransferEncoding
  case unknownTransferCoding
  case transferEncodingInHTTP10
  case contentLengthWithTransferEncoding
}
