/// Changes to a text that leave every other byte as it was.
struct Edits {
  /// In the order in which they were made; those at one offset stand in that order.
  private(set) var insertions: [(offset: Int, bytes: [UInt8])] = []

  mutating func insert(_ bytes: [UInt8], at offset: Int) { insertions.append((offset, bytes)) }

  /// The text with everything inserted, and which bytes of it are new.
  func applied(to text: [UInt8]) -> (text: [UInt8], added: [Range<Int>]) {
    let order = insertions.indices.sorted {
      (insertions[$0].offset, $0) < (insertions[$1].offset, $1)
    }
    var result: [UInt8] = []
    var added: [Range<Int>] = []
    var copied = 0
    for index in order {
      let (offset, bytes) = insertions[index]
      result += text[copied..<offset]
      added.append(result.count..<result.count + bytes.count)
      result += bytes
      copied = offset
    }
    return (result + text[copied...], added)
  }
}

/// Bytes that are taken out of a text.
struct Cuts {
  private(set) var ranges: [Range<Int>] = []

  mutating func cut(_ range: Range<Int>) { ranges.append(range) }

  /// Joins what touches, and takes the line break before a cut that reaches the end of a text whose
  /// last line has none.
  mutating func settle(in text: [UInt8]) {
    var joined: [Range<Int>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = joined.last, range.lowerBound <= last.upperBound {
        joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        joined.append(range)
      }
    }
    if let last = joined.last, last.upperBound == text.count, let end = text.last,
      !Lines.isBreak(end)
    {
      var start = last.lowerBound
      if start > 0, text[start - 1] == 0x0a { start -= 1 }
      if start > 0, text[start - 1] == 0x0d { start -= 1 }
      joined[joined.count - 1] = start..<text.count
    }
    ranges = joined
  }

  func applied(to text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var copied = 0
    for range in ranges {
      result += text[copied..<range.lowerBound]
      copied = range.upperBound
    }
    return result + text[copied...]
  }

  /// Where a byte of the rest stood before.
  func original(of offset: Int) -> Int {
    var offset = offset
    for range in ranges where range.lowerBound <= offset { offset += range.count }
    return offset
  }
}
