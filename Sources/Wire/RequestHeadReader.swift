/// Reads one request head, strictly: what two readers could understand differently is malformed.
package struct RequestHeadReader: Sendable {
  package enum Outcome: Sendable {
    case needMore
    case found(RequestHead)
    case malformed(RequestError)
  }

  private enum Phase {
    case line(RequestLine)
    case fields(FieldSection)
  }

  private let limits: HeadLimits
  private var phase = Phase.line(RequestLine())
  private var fields = RequestFields()

  package init(limits: HeadLimits = HeadLimits()) {
    self.limits = limits
  }

  /// `bytes` are all there are, from the head's first; work already done is not repeated. Bytes
  /// behind the head are not looked at.
  package mutating func advance(_ bytes: Span<UInt8>) -> Outcome {
    do {
      return try read(bytes)
    } catch {
      return .malformed(error)
    }
  }

  private mutating func read(_ bytes: Span<UInt8>) throws(RequestError) -> Outcome {
    if case .line(var line) = phase {
      guard try line.read(bytes, limit: limits.maximumBytes, into: &fields.head) else {
        phase = .line(line)
        return .needMore
      }
      phase = .fields(FieldSection(start: line.position, limits: limits))
    }
    guard case .fields(var section) = phase else { return .needMore }
    while true {
      switch section.next(bytes) {
      case .needMore:
        phase = .fields(section)
        return .needMore
      case .field(let field):
        try fields.take(field, bytes)
      case .end:
        try fields.finish(bytes)
        fields.head.length = section.position
        fields.head.fieldsEnd = section.position - 2
        return .found(fields.head)
      case .malformed(let error):
        throw RequestError(error)
      }
    }
  }
}

extension RequestError {
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

/// The request line (RFC 9112 §3): one space between its parts, one CRLF at its end.
struct RequestLine {
  private enum Part { case method, target, version }

  private static let versionLength = 8

  /// The next byte to look at; behind the line once it is complete.
  private(set) var position = 0
  private var part = Part.method
  private var start = 0

  /// - Returns: true once the line is complete.
  mutating func read(
    _ bytes: Span<UInt8>, limit: Int, into head: inout RequestHead
  ) throws(RequestError) -> Bool {
    if part == .method {
      guard try readMethod(bytes, into: &head) else { return false }
    }
    if part == .target {
      guard try readTarget(bytes, limit: limit, into: &head) else { return false }
    }
    return try readVersion(bytes, into: &head)
  }

  private mutating func readMethod(
    _ bytes: Span<UInt8>, into head: inout RequestHead
  ) throws(RequestError) -> Bool {
    while position < bytes.count, bytes[position].isTokenByte {
      position += 1
      guard position <= 31 else { throw .methodTooLong }
    }
    guard position < bytes.count else { return false }
    guard position > 0, bytes[position] == UInt8(ascii: " ") else { throw .badMethod }
    head.method = ByteRange(0, position)
    position += 1
    start = position
    part = .target
    return true
  }

  private mutating func readTarget(
    _ bytes: Span<UInt8>, limit: Int, into head: inout RequestHead
  ) throws(RequestError) -> Bool {
    let end = min(bytes.count, limit)
    while position < end, Self.isTargetByte(bytes[position]) { position += 1 }
    guard position < end else {
      if bytes.count >= limit { throw .targetTooLong }
      return false
    }
    guard position > start else { throw .badTarget }
    switch bytes[position] {
    case UInt8(ascii: " "): break
    // HTTP/0.9 ends its line here.
    case .carriageReturn, .lineFeed: throw .badVersion
    default: throw .badTarget
    }
    let target = try RequestTarget(bytes, start..<position, method: bytes[head.method])
    head.target = ByteRange(start, position)
    head.targetForm = target.form
    head.targetIsHTTPS = target.isHTTPS
    head.path = target.path
    if let authority = target.authority {
      head.host = authority.host
      head.hostIsBracketed = authority.isBracketed
      head.port = authority.port
    }
    position += 1
    start = position
    part = .version
    return true
  }

  /// Visible ASCII but `#`: a fragment is never sent (RFC 9112 §3.2).
  private static func isTargetByte(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "#")
  }

  private mutating func readVersion(
    _ bytes: Span<UInt8>, into head: inout RequestHead
  ) throws(RequestError) -> Bool {
    let expected = "HTTP/".utf8.span
    while position < bytes.count {
      let index = position - start
      let byte = bytes[position]
      switch index {
      case 0..<5: guard byte == expected[index] else { throw .badVersion }
      case 5, 7: guard byte.isDigit else { throw .badVersion }
      case 6: guard byte == UInt8(ascii: ".") else { throw .badVersion }
      case 8:
        guard byte == .carriageReturn else {
          throw byte == .lineFeed ? .bareLineEnd : .badVersion
        }
      default:
        guard byte == .lineFeed else { throw .bareLineEnd }
        guard bytes[start + 5] == UInt8(ascii: "1") else { throw .unsupportedVersion }
        switch bytes[start + 7] {
        case UInt8(ascii: "1"): head.version = .http11
        case UInt8(ascii: "0"): head.version = .http10
        default: throw .unsupportedVersion
        }
        position += 1
        return true
      }
      position += 1
    }
    return false
  }
}
