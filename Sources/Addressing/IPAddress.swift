/// An IPv4 address.
package struct IPv4Address: Hashable, Comparable, Sendable {
  /// The address in host byte order: `127.0.0.1` is `0x7f00_0001`.
  package var rawValue: UInt32

  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// An IPv6 address. Zone identifiers are not part of it.
package struct IPv6Address: Hashable, Comparable, Sendable {
  /// The address in host byte order: `::1` is `1`.
  package var rawValue: UInt128

  package init(rawValue: UInt128) { self.rawValue = rawValue }

  package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// An address of either family. `::ffff:10.0.0.1` and `10.0.0.1` are different values;
/// `canonical` makes them one where the kernel would treat them as one.
package enum IPAddress: Hashable, Sendable {
  case v4(IPv4Address)
  case v6(IPv6Address)

  /// The IPv4 address inside an IPv4-mapped one (RFC 4291 §2.5.5.2), or the address itself.
  ///
  /// A connection to a mapped address leaves the host as IPv4, so policy judges the inner one.
  package var canonical: IPAddress {
    guard case .v6(let address) = self, address.rawValue >> 32 == 0xffff else { return self }
    return .v4(IPv4Address(rawValue: UInt32(truncatingIfNeeded: address.rawValue)))
  }

  /// 32 or 128.
  package var bitWidth: Int {
    switch self {
    case .v4: 32
    case .v6: 128
    }
  }
}
