/// Reads one response head: strict about framing, lenient about what servers get wrong harmlessly.
package struct ResponseHeadReader: Sendable {
  package enum Outcome: Sendable {
    case needMore
    case found(ResponseHead)
    case malformed(ResponseError)
  }

  private enum Phase {
    case statusLine
    case fields(FieldSection)
  }

  private let limits: HeadLimits
  private let isHEAD: Bool
  private let isCONNECT: Bool
  private var phase = Phase.statusLine
  private var position = 0
  private var head = ResponseHead()
  private var contentLength: UInt64?
  private var isChunked = false
  private var connection = ConnectionOptions()

  /// The method of the request decides whether a body follows.
  package init(limits: HeadLimits = HeadLimits(), isHEAD: Bool, isCONNECT: Bool = false) {
    self.limits = limits
    self.isHEAD = isHEAD
    self.isCONNECT = isCONNECT
  }

  /// `bytes` are all there are, from the head's first; work already done is not repeated.
  package mutating func advance(_ bytes: Span<UInt8>) -> Outcome {
    do {
      return try read(bytes)
    } catch {
      return .malformed(error)
    }
  }

  private mutating func read(_ bytes: Span<UInt8>) throws(ResponseError) -> Outcome {
    if case .statusLine = phase {
      guard try readStatusLine(bytes) else { return .needMore }
      phase = .fields(FieldSection(start: position, limits: limits))
    }
    guard case .fields(var section) = phase else { return .needMore }
    while true {
      switch section.next(bytes) {
      case .needMore:
        phase = .fields(section)
        return .needMore
      case .field(let field):
        try take(field, bytes)
      case .end:
        head.length = section.position
        try finish()
        return .found(head)
      case .malformed(let error):
        throw ResponseError(error)
      }
    }
  }

  /// `HTTP/1.1 200 OK`; the reason phrase and the space before it may be missing.
  private mutating func readStatusLine(_ bytes: Span<UInt8>) throws(ResponseError) -> Bool {
    let expected = "HTTP/1.".utf8.span
    let end = min(bytes.count, limits.maximumBytes)
    while position < end {
      let byte = bytes[position]
      switch position {
      case 0..<7: guard byte == expected[position] else { throw .badStatusLine }
      case 7:
        switch byte {
        case UInt8(ascii: "1"): head.version = .http11
        case UInt8(ascii: "0"): head.version = .http10
        default: throw .unsupportedVersion
        }
      case 8: guard byte == UInt8(ascii: " ") else { throw .badStatusLine }
      case 9...11:
        guard byte.isDigit else { throw .badStatusLine }
        head.status = head.status * 10 + UInt16(byte & 0x0f)
      default:
        if byte == .lineFeed {
          guard bytes[position - 1] == .carriageReturn else { throw .bareLineEnd }
          guard head.status >= 100 else { throw .badStatusLine }
          position += 1
          return true
        }
        guard bytes[position - 1] != .carriageReturn else { throw .bareLineEnd }
        if position == 12 {
          guard byte == UInt8(ascii: " ") || byte == .carriageReturn else { throw .badStatusLine }
        } else {
          guard byte.isFieldValueByte || byte == .carriageReturn else { throw .badStatusLine }
        }
      }
      position += 1
    }
    if bytes.count >= limits.maximumBytes { throw .headTooLarge }
    return false
  }

  private mutating func take(
    _ field: FieldSection.Field, _ bytes: Span<UInt8>
  ) throws(ResponseError) {
    let name = bytes.extracting(field.name)
    switch (name[0] | 0x20, name.count) {
    case (UInt8(ascii: "c"), 10) where name.matches("connection"):
      var rest: Range<Int>? = field.value
      while let member = bytes.nextListMember(&rest) {
        _ = connection.take(bytes.extracting(member))
      }
    case (UInt8(ascii: "c"), 14) where name.matches("content-length"):
      guard case .value(let value) = bytes.decimal(field.value) else { throw .badContentLength }
      guard contentLength == nil || contentLength == value else { throw .differingContentLength }
      contentLength = value
    case (UInt8(ascii: "t"), 17) where name.matches("transfer-encoding"):
      guard !isChunked else { throw .repeatedTransferEncoding }
      guard bytes.extracting(field.value).matches("chunked") else { throw .unknownTransferCoding }
      isChunked = true
    default:
      break
    }
  }

  /// RFC 9112 §6.3.
  private mutating func finish() throws(ResponseError) {
    if isChunked {
      guard contentLength == nil else { throw .contentLengthWithTransferEncoding }
      guard head.version == .http11 else { throw .transferEncodingInHTTP10 }
    }
    let hasNoBody =
      isHEAD || head.status < 200 || head.status == 204 || head.status == 304
      || (isCONNECT && head.status < 300)
    if hasNoBody {
      head.framing = .none
    } else if isChunked {
      head.framing = .chunked
    } else if let contentLength {
      head.framing = .length(contentLength)
    } else {
      head.framing = .untilClose
    }
    head.keepAlive =
      !connection.closes && (head.version == .http11 || connection.keepsAlive)
      && head.framing != .untilClose
  }
}

extension ResponseError {
  init(_ error: FieldError) {
    switch error {
    case .bareLineEnd: self = .bareLineEnd
    case .foldedLine: self = .foldedLine
    case .spaceBeforeColon: self = .spaceBeforeColon
    case .badName: self = .badFieldName
    case .badValue: self = .badFieldValue
    case .tooLarge: self = .headTooLarge
    case .tooManyFields: self = .tooManyFields
    }
  }
}
