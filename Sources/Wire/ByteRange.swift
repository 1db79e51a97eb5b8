/// Where something stands in bytes that the caller keeps: offsets from the first byte of what was
/// parsed (the connection's first byte, or a head's).
package struct ByteRange: Sendable, Equatable {
  package var lower: UInt32
  package var upper: UInt32

  package init(lower: UInt32, upper: UInt32) {
    self.lower = lower
    self.upper = upper
  }

  package init(_ lower: Int, _ upper: Int) {
    self.init(lower: UInt32(truncatingIfNeeded: lower), upper: UInt32(truncatingIfNeeded: upper))
  }

  /// Stands for "not given".
  package static let empty = ByteRange(lower: 0, upper: 0)

  package var count: Int { Int(upper) - Int(lower) }
  package var isEmpty: Bool { lower == upper }
  package var indices: Range<Int> { Int(lower)..<Int(upper) }
}

extension Span where Element == UInt8 {
  /// The bytes a parser pointed at.
  package subscript(_ range: ByteRange) -> Span<UInt8> {
    @_lifetime(copy self) get { extracting(range.indices) }
  }
}
