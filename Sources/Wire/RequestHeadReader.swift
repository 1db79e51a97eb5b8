/// Reads one request head, strictly: what two readers could understand differently is malformed.
///
/// A line's bytes are judged as they come, so that nothing malformed is waited on. An outcome other
/// than `needMore` is final.
package struct RequestHeadReader: Sendable {
  package enum Outcome: Sendable {
    case needMore
    case found(RequestHead)
    case malformed(RequestError)
  }

  private enum Phase {
    case method, target, version, fields
    case failed(RequestError)
    case done
  }

  /// Longest method; the longest registered one has 17 bytes.
  private static let maximumMethodLength = 31

  private let limits: HeadLimits
  private var phase = Phase.method
  private var position = 0
  /// First byte of the part of the request line being read.
  private var start = 0
  private var fields: FieldSection
  private var request = RequestFields()

  package init(limits: HeadLimits = HeadLimits()) {
    self.limits = limits
    fields = FieldSection(start: 0, limits: limits)
  }

  /// `bytes` are all there are, from the head's first; work already done is not repeated. Bytes
  /// behind the head are not looked at.
  package mutating func advance(_ bytes: Span<UInt8>) -> Outcome {
    if case .done = phase { return .found(request.head) }
    do throws(RequestError) {
      if case .fields = phase {
      } else {
        guard try readRequestLine(bytes) else { return .needMore }
      }
      guard try readFields(bytes) else { return .needMore }
      return .found(request.head)
    } catch {
      phase = .failed(error)
      return .malformed(error)
    }
  }

  // MARK: - Request line (RFC 9112 §3)

  /// False where more bytes are needed.
  private mutating func readRequestLine(_ bytes: Span<UInt8>) throws(RequestError) -> Bool {
    let end = min(bytes.count, limits.maximumBytes)
    while position < end {
      switch phase {
      case .method: try readMethod(bytes, end)
      case .target: try readTarget(bytes, end)
      case .version: try readVersion(bytes[position])
      case .fields, .done: return true
      case .failed(let error): throw error
      }
    }
    if case .fields = phase { return true }
    if case .failed(let error) = phase { throw error }
    guard bytes.count < limits.maximumBytes else { throw .targetTooLong }
    return false
  }

  private mutating func readMethod(_ bytes: Span<UInt8>, _ end: Int) throws(RequestError) {
    while position < end, bytes[position].isTokenByte {
      guard position < Self.maximumMethodLength else { throw .methodTooLong }
      position += 1
    }
    guard position < end else { return }
    guard bytes[position] == UInt8(ascii: " "), position > 0 else { throw .badMethod }
    request.head.method = ByteRange(0, position)
    position += 1
    start = position
    phase = .target
  }

  private mutating func readTarget(_ bytes: Span<UInt8>, _ end: Int) throws(RequestError) {
    var index = position
    while index < end, bytes[index] > 0x20, bytes[index] < 0x7f, bytes[index] != UInt8(ascii: "#") {
      index += 1
    }
    position = index
    guard index < end else { return }
    switch bytes[index] {
    case UInt8(ascii: " ") where index > start:
      try request.readTarget(bytes, start..<index)
      position += 1
      start = position
      phase = .version
    case .carriageReturn where index > start: throw .badVersion
    case .lineFeed: throw .bareLineEnd
    default: throw .badTarget
    }
  }

  /// `HTTP/1.0` or `HTTP/1.1` and the line's end, byte by byte.
  private mutating func readVersion(_ byte: UInt8) throws(RequestError) {
    let prefix = "HTTP/".utf8.span
    switch position - start {
    case let index where index < prefix.count:
      guard byte == prefix[index] else { throw byte == .lineFeed ? .bareLineEnd : .badVersion }
    case 5:
      guard byte.isDigit else { throw byte == .lineFeed ? .bareLineEnd : .badVersion }
      request.majorVersion = byte
    case 6:
      guard byte == UInt8(ascii: ".") else {
        // `HTTP/2` is how the version is spelt from then on.
        throw byte == .carriageReturn ? .unsupportedVersion : .badVersion
      }
    case 7:
      guard byte.isDigit else { throw byte == .lineFeed ? .bareLineEnd : .badVersion }
      guard request.majorVersion == UInt8(ascii: "1"), byte <= UInt8(ascii: "1") else {
        throw .unsupportedVersion
      }
      request.head.version = byte == UInt8(ascii: "1") ? .http11 : .http10
    case 8:
      guard byte == .carriageReturn else {
        throw byte == .lineFeed ? .bareLineEnd : .badVersion
      }
    default:
      guard byte == .lineFeed else { throw .bareLineEnd }
      fields = FieldSection(start: position + 1, limits: limits)
      phase = .fields
    }
    position += 1
  }

  // MARK: - Fields

  /// False where more bytes are needed.
  private mutating func readFields(_ bytes: Span<UInt8>) throws(RequestError) -> Bool {
    while true {
      switch fields.next(bytes) {
      case .needMore: return false
      case .malformed(let error): throw RequestError(error)
      case .field(let field): try request.read(field, bytes)
      case .end:
        try request.finish(bytes, fieldsStart: position, end: fields.position, limits: limits)
        phase = .done
        return true
      }
    }
  }
}

extension RequestError {
  fileprivate init(_ error: FieldError) {
    self =
      switch error {
      case .bareLineEnd: .bareLineEnd
      case .foldedLine: .foldedLine
      case .spaceBeforeColon: .spaceBeforeColon
      case .badName: .badFieldName
      case .badValue: .badFieldValue
      case .tooLarge: .headTooLarge
      case .tooManyFields: .tooManyFields
      }
  }
}
