extension Span<UInt8> {
  /// The length of the well-formed UTF-8 sequence of more than one byte at `start` (Unicode 16,
  /// table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF); 0 where there is none.
  func utf8SequenceLength(at start: Int) -> Int {
    var second: ClosedRange<UInt8> = 0x80...0xbf
    let length: Int
    switch self[start] {
    case 0xc2...0xdf: length = 2
    case 0xe0: (length, second) = (3, 0xa0...0xbf)
    case 0xed: (length, second) = (3, 0x80...0x9f)
    case 0xe1...0xef: length = 3
    case 0xf0: (length, second) = (4, 0x90...0xbf)
    case 0xf4: (length, second) = (4, 0x80...0x8f)
    case 0xf1...0xf3: length = 4
    default: return 0
    }
    guard start + length <= count, second.contains(self[start + 1]) else { return 0 }
    for index in (start + 2)..<(start + length) where !(0x80...0xbf).contains(self[index]) {
      return 0
    }
    return length
  }
}
