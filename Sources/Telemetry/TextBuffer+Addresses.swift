package import Addressing

extension TextBuffer {
  /// Appends the same text as the address's `description`, without allocating.
  package mutating func append(_ address: IPAddress) {
    switch address {
    case .v4(let v4): write(15) { $0.append(v4) }
    case .v6(let v6): write(39) { $0.append(v6) }
    }
  }
}

extension OutputSpan<UInt8> {
  /// At most 15 bytes.
  @_lifetime(self: copy self)
  fileprivate mutating func append(_ address: IPv4Address) {
    append(octet: address.rawValue >> 24)
    append(UInt8(ascii: "."))
    append(octet: address.rawValue >> 16 & 255)
    append(UInt8(ascii: "."))
    append(octet: address.rawValue >> 8 & 255)
    append(UInt8(ascii: "."))
    append(octet: address.rawValue & 255)
  }

  @_lifetime(self: copy self)
  private mutating func append(octet value: UInt32) {
    let zero = UInt32(UInt8(ascii: "0"))
    if value >= 100 { append(UInt8(truncatingIfNeeded: zero &+ value / 100)) }
    if value >= 10 { append(UInt8(truncatingIfNeeded: zero &+ value / 10 % 10)) }
    append(UInt8(truncatingIfNeeded: zero &+ value % 10))
  }

  /// The canonical text of RFC 5952 §4, IPv4-mapped addresses as §5 has them; at most 39 bytes.
  @_lifetime(self: copy self)
  fileprivate mutating func append(_ address: IPv6Address) {
    let upper = UInt64(truncatingIfNeeded: address.rawValue >> 64)
    let lower = UInt64(truncatingIfNeeded: address.rawValue)
    if upper == 0, lower >> 32 == 0xffff {
      append(UInt8(ascii: ":"))
      append(UInt8(ascii: ":"))
      append(hex: 0xffff, digits: 4)
      append(UInt8(ascii: ":"))
      append(IPv4Address(rawValue: UInt32(truncatingIfNeeded: lower)))
      return
    }
    func group(_ index: Int) -> UInt64 {
      (index < 4 ? upper >> UInt64(48 - 16 * index) : lower >> UInt64(112 - 16 * index)) & 0xffff
    }
    // §4.2: the longest run of at least two zero groups is left out, the first among equals.
    var gap = 0..<0
    var index = 0
    while index < 8 {
      var end = index
      while end < 8, group(end) == 0 { end += 1 }
      if end - index > max(gap.count, 1) { gap = index..<end }
      index = max(end, index + 1)
    }
    index = 0
    while index < 8 {
      if index == gap.lowerBound, !gap.isEmpty {
        append(UInt8(ascii: ":"))
        if gap.upperBound == 8 { append(UInt8(ascii: ":")) }
        index = gap.upperBound
        continue
      }
      if index > 0 { append(UInt8(ascii: ":")) }
      let value = group(index)
      append(hex: value, digits: value > 0xfff ? 4 : value > 0xff ? 3 : value > 0xf ? 2 : 1)
      index += 1
    }
  }
}
