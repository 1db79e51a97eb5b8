/// Reads one line of JSON (RFC 8259) token by token. Strict: what the grammar doesn't have, or
/// UTF-8 doesn't, is refused.
struct JSONScanner: ~Escapable {
  /// Deeper values are refused: they could exhaust the stack.
  static let maximumDepth = 32

  let bytes: Span<UInt8>
  private(set) var position = 0

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) { self.bytes = bytes }

  var fault: AuditLineFault {
    position < bytes.count ? .notJSON(column: position + 1) : .cutOff
  }

  /// The next byte that is no white space.
  @_lifetime(self: copy self)
  mutating func peek() throws(AuditLineFault) -> UInt8 {
    while position < bytes.count {
      let byte = bytes[position]
      if !byte.isJSONWhitespace { return byte }
      position += 1
    }
    throw .cutOff
  }

  @_lifetime(self: copy self)
  mutating func expect(_ byte: UInt8) throws(AuditLineFault) {
    guard try peek() == byte else { throw fault }
    position += 1
  }

  /// Takes the next byte where it is this one.
  @_lifetime(self: copy self)
  mutating func skip(_ byte: UInt8) throws(AuditLineFault) -> Bool {
    guard try peek() == byte else { return false }
    position += 1
    return true
  }

  /// Nothing but white space may be left.
  @_lifetime(self: copy self)
  mutating func end() throws(AuditLineFault) {
    while position < bytes.count {
      guard bytes[position].isJSONWhitespace else { throw fault }
      position += 1
    }
  }

  /// A string, escapes resolved: one without any is not copied.
  @_lifetime(self: copy self)
  mutating func string(unescapingInto buffer: inout [UInt8]) throws(AuditLineFault) -> AuditText {
    try expect(UInt8(ascii: "\""))
    let start = position
    try skipPlain()
    if bytes[position] == UInt8(ascii: "\"") {
      position += 1
      return AuditText(range: start..<position - 1, isUnescaped: false)
    }
    let copied = buffer.count
    var plain = start
    while true {
      for index in plain..<position { buffer.append(bytes[index]) }
      if bytes[position] == UInt8(ascii: "\"") { break }
      try escape(into: &buffer)
      plain = position
      try skipPlain()
    }
    position += 1
    return AuditText(range: copied..<buffer.count, isUnescaped: true)
  }

  /// Up to the next quote or backslash, which is there.
  @_lifetime(self: copy self)
  private mutating func skipPlain() throws(AuditLineFault) {
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return }
      if byte >= 0x80 {
        let length = bytes.utf8SequenceLength(at: position)
        guard length > 0 else { throw endsInSequence ? .cutOff : fault }
        position += length
      } else {
        guard byte >= 0x20 else { throw fault }
        position += 1
      }
    }
    throw .cutOff
  }

  /// Whether all that is left may be the beginning of a UTF-8 sequence.
  private var endsInSequence: Bool {
    guard (0xc2...0xf4).contains(bytes[position]), bytes.count - position < 4 else { return false }
    for index in position + 1..<bytes.count where !(0x80...0xbf).contains(bytes[index]) {
      return false
    }
    return true
  }

  @_lifetime(self: copy self)
  private mutating func escape(into buffer: inout [UInt8]) throws(AuditLineFault) {
    position += 1
    guard position < bytes.count else { throw .cutOff }
    switch bytes[position] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(bytes[position])
    case UInt8(ascii: "b"): buffer.append(0x08)
    case UInt8(ascii: "f"): buffer.append(0x0c)
    case UInt8(ascii: "n"): buffer.append(0x0a)
    case UInt8(ascii: "r"): buffer.append(0x0d)
    case UInt8(ascii: "t"): buffer.append(0x09)
    case UInt8(ascii: "u"):
      position += 1
      let scalar = try escapedScalar()
      for unit in UTF8.encode(scalar) ?? .init() { buffer.append(unit) }
      return
    default: throw fault
    }
    position += 1
  }

  /// The four digits behind `\u`, and for the first half of a surrogate pair the other one.
  @_lifetime(self: copy self)
  private mutating func escapedScalar() throws(AuditLineFault) -> Unicode.Scalar {
    let start = position
    let first = try fourDigits()
    if let scalar = Unicode.Scalar(first) { return scalar }
    for byte in [UInt8(ascii: "\\"), UInt8(ascii: "u")] {
      guard position < bytes.count else { throw .cutOff }
      guard first < 0xdc00, bytes[position] == byte else { throw .notJSON(column: start + 1) }
      position += 1
    }
    let second = try fourDigits()
    guard (0xdc00...0xdfff).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
    else { throw .notJSON(column: start + 1) }
    return scalar
  }

  @_lifetime(self: copy self)
  private mutating func fourDigits() throws(AuditLineFault) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard position < bytes.count else { throw .cutOff }
      guard let digit = bytes[position].hexDigitValue else { throw fault }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  /// A number's text; it is never a line's last token.
  @_lifetime(self: copy self)
  mutating func number() throws(AuditLineFault) -> Range<Int> {
    _ = try peek()
    let start = position
    if bytes[position] == UInt8(ascii: "-") { position += 1 }
    if position < bytes.count, bytes[position] == UInt8(ascii: "0") {
      position += 1
    } else {
      try digits()
    }
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      position += 1
      try digits()
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      position += 1
      if position < bytes.count,
        bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
      {
        position += 1
      }
      try digits()
    }
    return start..<position
  }

  @_lifetime(self: copy self)
  private mutating func digits() throws(AuditLineFault) {
    let start = position
    while position < bytes.count, bytes[position].isDigit { position += 1 }
    guard position > start else { throw fault }
  }

  /// `true`, `false` or `null`: the first letter says which.
  @_lifetime(self: copy self)
  mutating func literal() throws(AuditLineFault) -> UInt8 {
    let first = try peek()
    let word: InlineArray<5, UInt8>
    let length: Int
    switch first {
    case UInt8(ascii: "t"): (word, length) = ([0x74, 0x72, 0x75, 0x65, 0], 4)
    case UInt8(ascii: "f"): (word, length) = ([0x66, 0x61, 0x6c, 0x73, 0x65], 5)
    case UInt8(ascii: "n"): (word, length) = ([0x6e, 0x75, 0x6c, 0x6c, 0], 4)
    default: throw fault
    }
    for index in 0..<length {
      guard position < bytes.count, bytes[position] == word[index] else { throw fault }
      position += 1
    }
    return first
  }

  /// Passes over any value.
  @_lifetime(self: copy self)
  mutating func skipValue(
    depth: Int = 1, unescapingInto buffer: inout [UInt8]
  ) throws(AuditLineFault) {
    guard depth <= Self.maximumDepth else { throw fault }
    switch try peek() {
    case UInt8(ascii: "\""): _ = try string(unescapingInto: &buffer)
    case UInt8(ascii: "{"):
      position += 1
      if try skip(UInt8(ascii: "}")) { return }
      repeat {
        _ = try string(unescapingInto: &buffer)
        try expect(UInt8(ascii: ":"))
        try skipValue(depth: depth + 1, unescapingInto: &buffer)
      } while try skip(UInt8(ascii: ","))
      try expect(UInt8(ascii: "}"))
    case UInt8(ascii: "["):
      position += 1
      if try skip(UInt8(ascii: "]")) { return }
      repeat {
        try skipValue(depth: depth + 1, unescapingInto: &buffer)
      } while try skip(UInt8(ascii: ","))
      try expect(UInt8(ascii: "]"))
    case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): _ = try literal()
    default: _ = try number()
    }
  }
}

extension UInt8 {
  var isJSONWhitespace: Bool { self == 0x20 || self == 0x09 || self == 0x0d || self == 0x0a }

  var isDigit: Bool { self &- UInt8(ascii: "0") < 10 }

  var hexDigitValue: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
