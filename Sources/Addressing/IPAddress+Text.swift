extension IPv4Address: CustomStringConvertible {
  /// As `init(ascii:)`.
  package init?(_ text: some StringProtocol) {
    self.init(ascii: Array(text.utf8).span)
  }

  package var description: String {
    "\(rawValue >> 24).\(rawValue >> 16 & 255).\(rawValue >> 8 & 255).\(rawValue & 255)"
  }
}

extension IPv6Address: CustomStringConvertible {
  /// As `init(ascii:)`.
  package init?(_ text: some StringProtocol) {
    self.init(ascii: Array(text.utf8).span)
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
  /// As `init(ascii:)`.
  package init?(_ text: some StringProtocol) {
    self.init(ascii: Array(text.utf8).span)
  }

  package var description: String {
    switch self {
    case .v4(let address): address.description
    case .v6(let address): address.description
    }
  }
}
