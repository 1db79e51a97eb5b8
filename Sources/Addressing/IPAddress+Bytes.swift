extension IPv4Address {
  /// Reads exactly four decimal parts without leading zeros; the short, octal and hexadecimal
  /// forms of `inet_aton` are refused because readers disagree about them. Doesn't allocate.
  package init?(ascii bytes: Span<UInt8>) {
    var value: UInt32 = 0
    var parts = 0
    var digits = 0
    var part: UInt32 = 0
    for index in 0..<bytes.count {
      let byte = bytes[index]
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        if digits > 0 && part == 0 { return nil }
        part = part * 10 + UInt32(byte - UInt8(ascii: "0"))
        digits += 1
        if part > 255 { return nil }
      case UInt8(ascii: "."):
        if digits == 0 || parts == 3 { return nil }
        value = value << 8 | part
        parts += 1
        part = 0
        digits = 0
      default:
        return nil
      }
    }
    guard parts == 3, digits > 0 else { return nil }
    self.init(rawValue: value << 8 | part)
  }
}

extension IPv6Address {
  /// Reads every form of RFC 4291 §2.2, the one with a trailing IPv4 address included; no
  /// brackets, no zone. Doesn't allocate.
  package init?(ascii bytes: Span<UInt8>) {
    var words = InlineArray<8, UInt16>(repeating: 0)
    var count = 0
    /// How many words stand before `::`.
    var gap: Int?
    var index = 0
    if bytes.count >= 2, bytes[0] == UInt8(ascii: ":"), bytes[1] == UInt8(ascii: ":") {
      gap = 0
      index = 2
    }
    while index < bytes.count {
      let start = index
      var word: UInt16 = 0
      while index < bytes.count, let digit = bytes[index].hexValue {
        guard index - start < 4 else { return nil }
        word = word << 4 | UInt16(digit)
        index += 1
      }
      if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
        guard count <= 6, let inner = IPv4Address(ascii: bytes.extracting(start..<bytes.count))
        else { return nil }
        words[count] = UInt16(inner.rawValue >> 16)
        words[count + 1] = UInt16(inner.rawValue & 0xffff)
        count += 2
        break
      }
      guard index > start, count < 8 else { return nil }
      words[count] = word
      count += 1
      if index == bytes.count { break }
      guard bytes[index] == UInt8(ascii: ":") else { return nil }
      index += 1
      guard index < bytes.count else { return nil }
      if bytes[index] == UInt8(ascii: ":") {
        guard gap == nil else { return nil }
        gap = count
        index += 1
      }
    }
    guard gap == nil ? count == 8 : count <= 7 else { return nil }
    var value: UInt128 = 0
    for index in 0..<count {
      if index == gap { value <<= UInt128(16 * (8 - count)) }
      value = value << 16 | UInt128(words[index])
    }
    if gap == count, count > 0 { value <<= UInt128(16 * (8 - count)) }
    self.init(rawValue: value)
  }
}

extension IPAddress {
  /// Reads an address of either family; no brackets, no zone. Doesn't allocate.
  package init?(ascii bytes: Span<UInt8>) {
    if let address = IPv4Address(ascii: bytes) {
      self = .v4(address)
    } else if let address = IPv6Address(ascii: bytes) {
      self = .v6(address)
    } else {
      return nil
    }
  }
}

extension UInt8 {
  fileprivate var hexValue: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
