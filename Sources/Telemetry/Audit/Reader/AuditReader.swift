/// Reads audit logs back, as `AuditEncoder` writes them, plain or each record in a CloudEvents
/// envelope.
///
/// Fed with a log's bytes in pieces of any size, asked for its records one after the other. Holds
/// the pieces not yet read, a record's texts and nothing else. One owner, one thread.
package struct AuditReader: ~Copyable, Sendable {
  /// Longer than any line that the encoder can write: a request head of the greatest size, all of
  /// it escaped.
  package static let maximumLineBytes = 8 << 20

  private var storage: [UInt8] = []
  /// Where the line that was read last begins.
  private var lineStart = 0
  /// Where the next line begins.
  private var nextLine = 0
  /// No line end stands before this.
  private var searched = 0
  private var isFinished = false
  /// In the middle of a line that is too long.
  private var isSkipping = false
  /// The texts of the last record that had escapes, one behind the other.
  private var unescaped: [UInt8] = []
  /// The line that was read last, from 1.
  package private(set) var lineNumber = 0

  private let maximumLineBytes: Int

  package init(maximumLineBytes: Int = Self.maximumLineBytes) {
    self.maximumLineBytes = maximumLineBytes
  }

  /// Adds the log's next bytes. What was read before is forgotten, texts of the last record
  /// included.
  package mutating func append(_ bytes: Span<UInt8>) {
    storage.removeFirst(nextLine)
    searched -= nextLine
    lineStart = 0
    nextLine = 0
    // As for TextBuffer: nothing is written to the empty storage that all threads share.
    guard bytes.count > 0 else { return }
    storage.append(addingCapacity: bytes.count) { (output: inout OutputSpan<UInt8>) in
      for index in 0..<bytes.count { output.append(bytes[index]) }
    }
  }

  /// Says that there are no more bytes: what stands behind the last line end is a line too.
  package mutating func finish() { isFinished = true }

  /// The next record; nil where more bytes are needed, or at the end.
  ///
  /// Throws for a line that is none, `lineNumber` being its number, and goes on behind it. Blank
  /// lines are passed over.
  package mutating func next() throws(AuditLineFault) -> AuditEntry? {
    while let line = try nextLineRange() {
      // Its memory goes on to the next line; where this one is bad, it doesn't matter.
      var texts: [UInt8] = []
      swap(&texts, &unescaped)
      texts.removeAll(keepingCapacity: true)
      guard let entry = try Self.entry(storage.span.extracting(line), &texts) else { continue }
      unescaped = texts
      return entry
    }
    return nil
  }

  /// Nil for a blank line.
  private static func entry(
    _ line: Span<UInt8>, _ texts: inout [UInt8]
  ) throws(AuditLineFault) -> AuditEntry? {
    if line.isBlank { return nil }
    var parser = AuditEntryParser(line)
    return try parser.entry(unescapingInto: &texts)
  }

  /// The bytes of one of the last record's texts, escapes resolved.
  @_lifetime(borrow self)
  package borrowing func bytes(of text: AuditText) -> Span<UInt8> {
    if text.isUnescaped { return unescaped.span.extracting(text.range) }
    let (start, end) = (lineStart + text.range.lowerBound, lineStart + text.range.upperBound)
    return storage.span.extracting(start..<end)
  }

  private mutating func nextLineRange() throws(AuditLineFault) -> Range<Int>? {
    while true {
      let end = storage.span.firstLineEnd(from: searched)
      searched = min(end + 1, storage.count)
      let isWhole = end < storage.count
      if !isWhole {
        let length = end - nextLine
        if !isSkipping, length > maximumLineBytes {
          isSkipping = true
          lineNumber += 1
          nextLine = end
          throw .tooLong
        }
        if isSkipping { nextLine = end }
        guard isFinished, nextLine < end else { return nil }
      }
      let line = nextLine..<end
      lineStart = line.lowerBound
      nextLine = searched
      if isSkipping {
        isSkipping = false
        continue
      }
      lineNumber += 1
      guard line.count <= maximumLineBytes else { throw .tooLong }
      return line
    }
  }
}

extension Span<UInt8> {
  fileprivate var isBlank: Bool {
    for index in indices where !self[index].isJSONWhitespace { return false }
    return true
  }

  /// The first line feed at or after `start`; `count` where there is none.
  fileprivate func firstLineEnd(from start: Int) -> Int {
    var index = start
    // No early exit within a block: so it is searched in whole vectors.
    while index + 64 <= count {
      let block = extracting(index..<index + 64)
      var found: UInt8 = 0
      for offset in 0..<64 { found |= block[offset] == UInt8(ascii: "\n") ? 1 : 0 }
      if found != 0 { break }
      index += 64
    }
    while index < count, self[index] != UInt8(ascii: "\n") { index += 1 }
    return index
  }
}
