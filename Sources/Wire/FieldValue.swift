// Field values are most of a head, so they are looked through eight bytes at a time.
extension Span where Element == UInt8 {
  /// The first place from `start` whose byte no field value may hold (`isFieldValueByte`); `end`
  /// where there is none before that.
  func endOfFieldValue(from start: Int, to end: Int) -> Int {
    var index = start
    while end - index >= 8 {
      let stops = word(at: index).fieldValueStops
      if stops == 0 {
        index += 8
        continue
      }
      index += stops.trailingZeroBitCount / 8
      guard self[index] == UInt8(ascii: "\t") else { return index }
      index += 1
    }
    while index < end, self[index].isFieldValueByte { index += 1 }
    return index
  }

  /// Eight bytes, the first one lowest.
  private func word(at index: Int) -> UInt64 {
    let eight = extracting(index..<index + 8)
    var word: UInt64 = 0
    for offset in 0..<8 { word |= UInt64(eight[offset]) &<< UInt64(8 * offset) }
    return word
  }
}

extension UInt64 {
  /// Of eight bytes those that are control characters, each by its highest bit. Bits above the
  /// lowest one that is set may be wrong: a subtraction borrows from the bytes above.
  fileprivate var fieldValueStops: UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highest = ones &* 0x80
    let controls = (self &- ones &* 0x20) & ~self
    let deletes = self ^ (ones &* 0x7f)
    return (controls | ((deletes &- ones) & ~deletes)) & highest
  }
}
