extension Findings {
  /// Reports why `bytes` are no YAML: the last thing to be said about them.
  func report(_ error: SyntaxError, in bytes: [UInt8]) {
    leaveAll()
    let (position, sentence) = error.sentence(in: bytes)
    self.error(sentence, at: position)
  }
}

extension SyntaxError {
  /// Why `bytes` are no YAML, and where; a sentence without a final full stop.
  package func sentence(in bytes: [UInt8]) -> (Position, String) {
    switch self {
    case .notText(let offset):
      let byte = bytes.indices.contains(offset) ? bytes[offset] : nil
      let shown = byte.map { ": here stands the byte 0x" + String($0, radix: 16) } ?? ""
      return (Position(ofByte: offset, in: bytes), "this is no UTF-8 text\(shown)")
    case .malformed(let position, let problem, let context):
      if Position.byte(at: position, in: bytes) == UInt8(ascii: "\t") {
        return (position, "YAML can't be indented with tabs; use spaces")
      }
      let reading = context.map { " \($0)" } ?? ""
      return (position, "this is not valid YAML: \(problem)\(reading)")
    case .tooDeep(let position, let limit):
      return (position, "lists and sections are nested deeper than \(limit) levels")
    case .outOfMemory:
      return (Position(line: 1, column: 1), "there is not enough memory to read it")
    }
  }
}

extension Position {
  package init(ofByte offset: Int, in bytes: [UInt8]) {
    let before = bytes.prefix(offset)
    let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    self.init(
      line: 1 + before.count { $0 == UInt8(ascii: "\n") },
      column: 1 + before[lineStart...].count(where: \.beginsCharacter))
  }

  fileprivate static func byte(at position: Position, in bytes: [UInt8]) -> UInt8? {
    var line = 1
    var column = 1
    for byte in bytes where byte.beginsCharacter {
      if line == position.line, column == position.column { return byte }
      if byte == UInt8(ascii: "\n") {
        line += 1
        column = 1
      } else {
        column += 1
      }
    }
    return nil
  }
}

extension UInt8 {
  /// True for every byte of a UTF-8 text but those that continue a character.
  fileprivate var beginsCharacter: Bool { self & 0xc0 != 0x80 }
}
