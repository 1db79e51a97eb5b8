/// Reads one response head: strict about framing, lenient about what servers get wrong harmlessly
/// (a missing reason phrase, obs-text). An outcome other than `needMore` is final.
package struct ResponseHeadReader: Sendable {
  package enum Outcome: Sendable {
    case needMore
    case found(ResponseHead)
    case malformed(ResponseError)
  }

  private enum Phase {
    /// The version, the status and what follows it, by offset.
    case statusLine
    case reason, lineFeed, fields
    case failed(ResponseError)
    case done
  }

  private let limits: HeadLimits
  private let isHEAD: Bool
  private let isCONNECT: Bool
  private var phase = Phase.statusLine
  private var position = 0
  private var fields: FieldSection
  private var response = ResponseFields()

  /// The method of the request decides whether a body follows.
  package init(limits: HeadLimits = HeadLimits(), isHEAD: Bool, isCONNECT: Bool = false) {
    self.limits = limits
    self.isHEAD = isHEAD
    self.isCONNECT = isCONNECT
    fields = FieldSection(start: 0, limits: limits)
  }

  /// `bytes` are all there are, from the head's first; work already done is not repeated. Bytes
  /// behind the head are not looked at.
  package mutating func advance(_ bytes: Span<UInt8>) -> Outcome {
    if case .done = phase { return .found(response.head) }
    do throws(ResponseError) {
      if case .fields = phase {
      } else {
        guard try readStatusLine(bytes) else { return .needMore }
      }
      guard try readFields(bytes) else { return .needMore }
      return .found(response.head)
    } catch {
      phase = .failed(error)
      return .malformed(error)
    }
  }

  /// False where more bytes are needed (RFC 9112 §4).
  private mutating func readStatusLine(_ bytes: Span<UInt8>) throws(ResponseError) -> Bool {
    let end = min(bytes.count, limits.maximumBytes)
    while position < end {
      let byte = bytes[position]
      switch phase {
      case .statusLine: try readStart(byte)
      case .reason:
        if byte == .carriageReturn {
          phase = .lineFeed
        } else if !byte.isFieldValueByte {
          throw byte == .lineFeed ? .bareLineEnd : .badStatusLine
        }
      case .lineFeed:
        guard byte == .lineFeed else { throw .bareLineEnd }
        fields = FieldSection(start: position + 1, limits: limits)
        response.head.fieldsStart = position + 1
        phase = .fields
      case .failed(let error): throw error
      case .fields, .done: return true
      }
      position += 1
    }
    if case .fields = phase { return true }
    if case .failed(let error) = phase { throw error }
    guard bytes.count < limits.maximumBytes else { throw .headTooLarge }
    return false
  }

  /// `HTTP/1.x SP 3DIGIT`, then a space or the line's end.
  private mutating func readStart(_ byte: UInt8) throws(ResponseError) {
    let prefix = "HTTP/".utf8.span
    switch position {
    case 0..<prefix.count:
      guard byte == prefix[position] else { throw .badStatusLine }
    case 5:
      guard byte.isDigit else { throw .badStatusLine }
      guard byte == UInt8(ascii: "1") else { throw .unsupportedVersion }
    case 6:
      guard byte == UInt8(ascii: ".") else { throw .badStatusLine }
    case 7:
      guard byte.isDigit else { throw .badStatusLine }
      guard byte <= UInt8(ascii: "1") else { throw .unsupportedVersion }
      response.head.version = byte == UInt8(ascii: "1") ? .http11 : .http10
    case 8:
      guard byte == UInt8(ascii: " ") else { throw .badStatusLine }
    case 9...11:
      guard byte.isDigit, position > 9 || byte > UInt8(ascii: "0") else { throw .badStatusLine }
      response.head.status = response.head.status * 10 + UInt16(byte & 0x0f)
    default:
      switch byte {
      case UInt8(ascii: " "): phase = .reason
      case .carriageReturn: phase = .lineFeed
      case .lineFeed: throw .bareLineEnd
      default: throw .badStatusLine
      }
    }
  }

  /// False where more bytes are needed.
  private mutating func readFields(_ bytes: Span<UInt8>) throws(ResponseError) -> Bool {
    while true {
      switch fields.next(bytes) {
      case .needMore: return false
      case .malformed(let error): throw ResponseError(error)
      case .field(let field): try response.read(field, bytes)
      case .end:
        response.finish(length: fields.position, isHEAD: isHEAD, isCONNECT: isCONNECT)
        phase = .done
        return true
      }
    }
  }
}

extension ResponseError {
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
