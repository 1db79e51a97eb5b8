/// The meaning of a response head, put together line by line.
struct ResponseFields: Sendable {
  var head = ResponseHead()
  private var contentLength: UInt64?
  private var isChunked = false
  private var connection = ConnectionOptions()
  private var hasUpgrade = false
  private var namesOther = false

  mutating func read(_ field: FieldSection.Field, _ bytes: Span<UInt8>) throws(ResponseError) {
    let name = bytes.extracting(field.name)
    switch (name.count, name[0] | 0x20) {
    case (10, UInt8(ascii: "c")) where name.matches("connection"):
      connection.read(bytes, field.value)
    case (14, UInt8(ascii: "c")) where name.matches("content-length"):
      guard !isChunked else { throw .contentLengthWithTransferEncoding }
      guard case .value(let length) = bytes.decimal(field.value) else { throw .badContentLength }
      // The same length twice is sloppy, not ambiguous (RFC 9112 §6.3).
      guard contentLength ?? length == length else { throw .differingContentLength }
      contentLength = length
    case (17, UInt8(ascii: "t")) where name.matches("transfer-encoding"):
      guard !isChunked else { throw .repeatedTransferEncoding }
      guard contentLength == nil else { throw .contentLengthWithTransferEncoding }
      guard head.version == .http11 else { throw .transferEncodingInHTTP10 }
      guard bytes.extracting(field.value).matches("chunked") else { throw .unknownTransferCoding }
      isChunked = true
    case (7, UInt8(ascii: "u")) where name.matches("upgrade"):
      hasUpgrade = true
      if !bytes.extracting(field.value).matches("websocket") { namesOther = true }
    case (22, UInt8(ascii: "x")) where name.isWouldDenyFieldName:
      head.claimsWouldDeny = true
    default: break
    }
  }

  /// RFC 9112 §6.3. `length` is the head's.
  mutating func finish(length: Int, isHEAD: Bool, isCONNECT: Bool) {
    head.length = length
    head.opensWebSocket = head.status == 101 && connection.upgrade && hasUpgrade && !namesOther
    head.keepAlive = connection.keepsAlive(head.version)
    let opensTunnel = isCONNECT && (200...299).contains(head.status)
    if isHEAD || opensTunnel || head.status < 200 || head.status == 204 || head.status == 304 {
      head.framing = .none
    } else if isChunked {
      head.framing = .chunked
    } else if let contentLength {
      head.framing = .length(contentLength)
    } else {
      head.framing = .untilClose
      head.keepAlive = false
    }
  }
}
