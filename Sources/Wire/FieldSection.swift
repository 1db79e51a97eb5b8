/// Walks the field lines of a head (RFC 9112 §5), one field at a time, and resumes where it stopped.
struct FieldSection: Sendable {
  /// One field line, with its CRLF in `line` and the value without the white space around it.
  struct Field {
    var line: Range<Int>
    var name: Range<Int>
    var value: Range<Int>
  }

  enum Event {
    case needMore
    case field(Field)
    /// The empty line is over: `position` is the first byte behind it.
    case end
    case malformed(FieldError)
  }

  private enum Phase {
    case lineStart, name, value, valueLineFeed, finalLineFeed
  }

  /// The next byte to look at.
  private(set) var position: Int
  private var lineStart: Int
  private var colon = 0
  private var phase = Phase.lineStart
  private var count = 0
  private let limits: HeadLimits

  /// The first field line, or the empty line, begins at `start`.
  init(start: Int, limits: HeadLimits) {
    position = start
    lineStart = start
    self.limits = limits
  }

  mutating func next(_ bytes: Span<UInt8>) -> Event {
    let end = min(bytes.count, limits.maximumBytes)
    while position < end {
      switch phase {
      case .lineStart:
        if let error = beginLine(bytes[position]) { return .malformed(error) }
      case .name:
        var index = position
        while index < end, bytes[index].isTokenByte { index += 1 }
        position = index
        guard index < end else { break }
        if let error = endName(bytes[position]) { return .malformed(error) }
      case .value:
        position = bytes.endOfFieldValue(from: position, to: end)
        guard position < end else { break }
        if let error = endValue(bytes[position]) { return .malformed(error) }
      case .valueLineFeed:
        guard bytes[position] == .lineFeed else { return .malformed(.bareLineEnd) }
        return .field(endLine(bytes))
      case .finalLineFeed:
        guard bytes[position] == .lineFeed else { return .malformed(.bareLineEnd) }
        position += 1
        return .end
      }
    }
    return bytes.count >= limits.maximumBytes ? .malformed(.tooLarge) : .needMore
  }

  private mutating func beginLine(_ byte: UInt8) -> FieldError? {
    if byte == .carriageReturn {
      phase = .finalLineFeed
      position += 1
      return nil
    }
    if byte.isWhitespace { return .foldedLine }
    guard count < limits.maximumFields else { return .tooManyFields }
    count += 1
    lineStart = position
    phase = .name
    return nil
  }

  private mutating func endName(_ byte: UInt8) -> FieldError? {
    switch byte {
    case UInt8(ascii: ":"):
      guard position > lineStart else { return .badName }
      colon = position
      phase = .value
      position += 1
      return nil
    case .lineFeed: return .bareLineEnd
    case _ where byte.isWhitespace: return .spaceBeforeColon
    default: return .badName
    }
  }

  private mutating func endValue(_ byte: UInt8) -> FieldError? {
    switch byte {
    case .carriageReturn:
      phase = .valueLineFeed
      position += 1
      return nil
    case .lineFeed: return .bareLineEnd
    default: return .badValue
    }
  }

  private mutating func endLine(_ bytes: Span<UInt8>) -> Field {
    let value = bytes.trimmed(colon + 1..<position - 1)
    position += 1
    phase = .lineStart
    return Field(line: lineStart..<position, name: lineStart..<colon, value: value)
  }
}

/// What is wrong with a field line, or with how many there are.
enum FieldError: Error {
  case bareLineEnd, foldedLine, spaceBeforeColon, badName, badValue, tooLarge, tooManyFields
}
