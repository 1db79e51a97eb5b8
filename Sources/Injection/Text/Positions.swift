internal import Configuration

/// Lines and columns of a text. Built when the first one is asked for; fast where the next one that is
/// asked for is behind it, also in a text of a single line.
final class Positions {
  private let text: [UInt8]
  private lazy var lineStarts: [Int] =
    [0] + text.indices.lazy.filter { self.text[$0] == 0x0a }.map { $0 + 1 }
  /// The last answer: an offset, and the characters before it on its line.
  private var known = (offset: 0, characters: 0)

  init(_ text: [UInt8]) { self.text = text }

  func line(of offset: Int) -> Int {
    var low = 0
    var high = lineStarts.count
    while low + 1 < high {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    return low + 1
  }

  func position(of offset: Int) -> Position {
    let line = line(of: offset)
    let start = lineStarts[line - 1]
    if known.offset < start || known.offset > offset { known = (start, 0) }
    for byte in text[known.offset..<offset] where byte & 0xc0 != 0x80 { known.characters += 1 }
    known.offset = offset
    return Position(line: line, column: known.characters + 1)
  }
}
