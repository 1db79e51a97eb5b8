/// Bytes of text on their way to a descriptor: audit lines, replies, metrics.
///
/// Grows when it must and keeps its memory when emptied, so a worker's buffer stops allocating
/// once it is warm. One owner, one thread.
package struct TextBuffer: ~Copyable, Sendable {
  private var storage: [UInt8]

  /// - Parameter capacity: bytes that fit before the first growth.
  package init(capacity: Int = 0) {
    storage = []
    storage.reserveCapacity(capacity)
  }

  package var count: Int { storage.count }
  package var isEmpty: Bool { storage.isEmpty }

  /// What has been appended and not yet removed.
  package var bytes: Span<UInt8> {
    @_lifetime(borrow self) borrowing get { storage.span }
  }

  /// What has been appended, decoded; for tests and log lines.
  package var description: String { String(decoding: storage, as: UTF8.self) }

  /// How many lines are complete: each ends in a line feed.
  package var lineCount: Int {
    storage.reduce(0) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
  }

  /// Forgets everything and keeps the memory.
  package mutating func removeAll() {
    storage.removeAll(keepingCapacity: true)
  }

  /// Forgets the first `count` bytes, those that a write took, and keeps the memory. What is left
  /// moves up: cheap where a write took nearly everything.
  package mutating func removeFirst(_ count: Int) {
    storage.removeFirst(count)
  }

  package mutating func append(_ byte: UInt8) {
    storage.append(byte)
  }

  // The loop becomes one memcpy: no bulk append from a Span exists yet.
  @inline(__always)
  package mutating func append(_ bytes: Span<UInt8>) {
    write(bytes.count) { output in
      for index in 0..<bytes.count { output.append(bytes[index]) }
    }
  }

  @inline(__always)
  package mutating func append(_ text: String) {
    append(text.utf8.span)
  }

  /// Lets `body` append at most `limit` bytes.
  @inline(__always)
  mutating func write(_ limit: Int, _ body: (inout OutputSpan<UInt8>) -> Void) {
    // An array that owns no memory would write to the one empty storage that all threads share.
    guard limit > 0 else { return }
    storage.append(addingCapacity: limit) { (output: inout OutputSpan<UInt8>) in body(&output) }
  }
}
