internal import Configuration

/// Where the lines of a text begin and end.
struct Lines {
  let text: [UInt8]

  init(_ text: [UInt8]) { self.text = text }

  /// Whether a text stands anywhere in it.
  func contains(_ needle: String) -> Bool {
    let needle = Array(needle.utf8)
    guard var place = text.indices.first, let first = needle.first else { return false }
    while place + needle.count <= text.count {
      if text[place] == first, text[place..<place + needle.count].elementsEqual(needle) {
        return true
      }
      place += 1
    }
    return false
  }

  static func isBreak(_ byte: UInt8) -> Bool { byte == 0x0a || byte == 0x0d }
  static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  /// The start of the line in which `offset` lies.
  func start(of offset: Int) -> Int {
    var start = offset
    while start > 0, !Self.isBreak(text[start - 1]) { start -= 1 }
    return start
  }

  /// The start of the line behind the one in which `offset` lies; the text's end in the last one.
  func startOfNext(after offset: Int) -> Int {
    var end = offset
    while end < text.count, !Self.isBreak(text[end]) { end += 1 }
    if end + 1 < text.count, text[end] == 0x0d, text[end + 1] == 0x0a { return end + 2 }
    return min(end + 1, text.count)
  }

  /// The line behind what ends at `end`. A block scalar ends where a line begins: there already.
  func startBehind(_ end: Int) -> Int {
    end > 0 && Self.isBreak(text[end - 1]) ? end : startOfNext(after: end)
  }

  /// The line break before `lineStart`; where there is none the text's first; a line feed where the
  /// text has one line.
  func lineBreak(before lineStart: Int) -> [UInt8] {
    let end = lineStart > 0 ? lineStart : startOfNext(after: 0)
    guard end > 0, Self.isBreak(text[end - 1]) else { return [0x0a] }
    let isPair = end > 1 && text[end - 1] == 0x0a && text[end - 2] == 0x0d
    return Array(text[(isPair ? end - 2 : end - 1)..<end])
  }

  /// The column of `offset`, from 0, where the text before it on its line is nothing but spaces.
  func indentation(before offset: Int) -> Int? {
    let start = start(of: offset)
    return text[start..<offset].allSatisfy { $0 == 0x20 } ? offset - start : nil
  }

  func column(of offset: Int) -> Int { offset - start(of: offset) }

  /// The start of the first of the lines before `lineStart` that hold a comment or nothing.
  func startOfComments(before lineStart: Int) -> Int {
    var start = lineStart
    while start > 0 {
      var end = start - 1
      if text[end] == 0x0a, end > 0, text[end - 1] == 0x0d { end -= 1 }
      let previous = self.start(of: end)
      let first = text[previous..<end].first { !Self.isBlank($0) }
      guard first == nil || first == UInt8(ascii: "#") else { break }
      start = previous
    }
    return start
  }
}
