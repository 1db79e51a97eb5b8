/// A block of addresses of one family, such as `10.0.0.0/8`.
package struct CIDR: Hashable, Sendable {
  /// The block's first address: every bit behind the prefix is zero.
  package let base: IPAddress

  /// Number of leading bits that members share: 0...32 for IPv4, 0...128 for IPv6.
  package let prefixLength: Int

  /// Nil where the length does not fit the family or `base` has bits set behind the prefix.
  package init?(base: IPAddress, prefixLength: Int) {
    guard (0...base.bitWidth).contains(prefixLength) else { return nil }
    self.base = base
    self.prefixLength = prefixLength
    guard Self.masked(base, prefixLength) == base else { return nil }
  }

  /// The block of this length that `address` belongs to; nil where the length does not fit.
  package init?(containing address: IPAddress, prefixLength: Int) {
    guard (0...address.bitWidth).contains(prefixLength) else { return nil }
    base = Self.masked(address, prefixLength)
    self.prefixLength = prefixLength
  }

  /// The block that holds one address and nothing else.
  package init(_ address: IPAddress) {
    base = address
    prefixLength = address.bitWidth
  }

  /// The block that begins and ends with these addresses; nil where there is none.
  package init?(first: IPAddress, last: IPAddress) {
    let length: Int
    switch (first, last) {
    case (.v4(let first), .v4(let last)):
      length = (first.rawValue ^ last.rawValue).leadingZeroBitCount
    case (.v6(let first), .v6(let last)):
      length = (first.rawValue ^ last.rawValue).leadingZeroBitCount
    default: return nil
    }
    self.init(base: first, prefixLength: length)
    guard self.last == last else { return nil }
  }

  /// The block's last address.
  package var last: IPAddress {
    switch base {
    case .v4(let v4):
      .v4(
        IPv4Address(rawValue: prefixLength == 32 ? v4.rawValue : v4.rawValue | ~0 >> prefixLength))
    case .v6(let v6):
      .v6(
        IPv6Address(rawValue: prefixLength == 128 ? v6.rawValue : v6.rawValue | ~0 >> prefixLength))
    }
  }

  package func contains(_ address: IPAddress) -> Bool {
    switch (base, address) {
    case (.v4, .v4), (.v6, .v6): Self.masked(address, prefixLength) == base
    default: false
    }
  }

  /// True where every address of `other` is one of this block.
  package func contains(_ other: CIDR) -> Bool {
    other.prefixLength >= prefixLength && contains(other.base)
  }

  /// The IPv4 block inside a block of IPv4-mapped addresses, or the block itself.
  package var canonical: CIDR {
    guard prefixLength >= 96, case .v4(let address) = base.canonical, case .v6 = base else {
      return self
    }
    return CIDR(base: .v4(address), prefixLength: prefixLength - 96) ?? self
  }

  private static func masked(_ address: IPAddress, _ length: Int) -> IPAddress {
    switch address {
    case .v4(let v4):
      .v4(IPv4Address(rawValue: length == 0 ? 0 : v4.rawValue & (~0 << (32 - length))))
    case .v6(let v6):
      .v6(IPv6Address(rawValue: length == 0 ? 0 : v6.rawValue & (~0 << (128 - length))))
    }
  }
}

extension CIDR: CustomStringConvertible {
  /// Reads `address/length`; an address alone is the block of that one address.
  ///
  /// Nil for bits behind the prefix too: `10.1.2.3/8` is more often a slip than a wish.
  package init?(_ text: some StringProtocol) {
    guard let slash = text.firstIndex(of: "/") else {
      guard let address = IPAddress(text) else { return nil }
      self.init(address)
      return
    }
    let digits = text[text.index(after: slash)...]
    guard let address = IPAddress(text[..<slash]),
      (1...3).contains(digits.utf8.count),
      digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      digits.utf8.count == 1 || digits.utf8.first != UInt8(ascii: "0"),
      let length = Int(digits)
    else { return nil }
    self.init(base: address, prefixLength: length)
  }

  package var description: String {
    prefixLength == base.bitWidth ? "\(base)" : "\(base)/\(prefixLength)"
  }
}
