extension IPv4Address: CustomStringConvertible {
  /// Reads exactly four decimal parts without leading zeros; the short, octal and hexadecimal
  /// forms of `inet_aton` are refused because readers disagree about them.
  package init?(_ text: some StringProtocol) {
    var value: UInt32 = 0
    var parts = 0
    var digits = 0
    var part: UInt32 = 0
    for byte in text.utf8 {
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

  package var description: String {
    "\(rawValue >> 24).\(rawValue >> 16 & 255).\(rawValue >> 8 & 255).\(rawValue & 255)"
  }
}

extension IPv6Address: CustomStringConvertible {
  /// Reads every form of RFC 4291 §2.2, the one with a trailing IPv4 address included; no
  /// brackets, no zone.
  package init?(_ text: some StringProtocol) {
    var head: [UInt16] = []
    var tail: [UInt16] = []
    var compressed = false
    var rest = Substring(text)

    if rest.hasPrefix("::") {
      compressed = true
      rest = rest.dropFirst(2)
    } else if rest.hasPrefix(":") {
      return nil
    }
    while !rest.isEmpty {
      let end = rest.firstIndex(of: ":") ?? rest.endIndex
      let group = rest[..<end]
      if end == rest.endIndex, group.contains(".") {
        guard let inner = IPv4Address(group) else { return nil }
        let words = [UInt16(inner.rawValue >> 16), UInt16(inner.rawValue & 0xffff)]
        if compressed { tail += words } else { head += words }
        rest = rest[end...]
        break
      }
      guard (1...4).contains(group.utf8.count), group.utf8.allSatisfy(\.isHexDigit),
        let word = UInt16(group, radix: 16)
      else { return nil }
      if compressed { tail.append(word) } else { head.append(word) }
      if end == rest.endIndex {
        rest = rest[end...]
        break
      }
      rest = rest[rest.index(after: end)...]
      if rest.hasPrefix(":") {
        if compressed { return nil }
        compressed = true
        rest = rest.dropFirst()
      } else if rest.isEmpty {
        return nil
      }
    }
    let count = head.count + tail.count
    guard compressed ? count <= 7 : count == 8 else { return nil }
    let words = head + Array(repeating: 0, count: 8 - count) + tail
    self.init(rawValue: words.reduce(0) { $0 << 16 | UInt128($1) })
  }

  /// The canonical text of RFC 5952; IPv4-mapped addresses show their inner address (§5).
  package var description: String {
    if rawValue >> 32 == 0xffff {
      return "::ffff:\(IPv4Address(rawValue: UInt32(truncatingIfNeeded: rawValue)))"
    }
    let words = (0..<8).map { UInt16(truncatingIfNeeded: rawValue >> (112 - 16 * $0)) }
    var best = 0..<0
    var index = 0
    while index < 8 {
      var end = index
      while end < 8, words[end] == 0 { end += 1 }
      if end - index > best.count { best = index..<end }
      index = max(end, index + 1)
    }
    func text(_ range: Range<Int>) -> String {
      words[range].map { String($0, radix: 16) }.joined(separator: ":")
    }
    if best.count < 2 { return text(0..<8) }
    return text(0..<best.lowerBound) + "::" + text(best.upperBound..<8)
  }
}

extension IPAddress: CustomStringConvertible {
  /// Reads an address of either family; no brackets, no zone.
  package init?(_ text: some StringProtocol) {
    if let address = IPv4Address(text) {
      self = .v4(address)
    } else if let address = IPv6Address(text) {
      self = .v6(address)
    } else {
      return nil
    }
  }

  package var description: String {
    switch self {
    case .v4(let address): address.description
    case .v6(let address): address.description
    }
  }
}

extension UInt8 {
  fileprivate var isHexDigit: Bool {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }
}
