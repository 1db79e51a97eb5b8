package import Addressing

/// Which addresses are this host's, as far as they are known: what the routing tables say when a
/// rule asks them for an address's type.
package struct HostAddresses: Hashable, Sendable {
  /// An address, or a block of which every address is this host's, and the interface that has it.
  package struct Entry: Hashable, Sendable {
    package var block: CIDR
    package var interface: String

    package init(_ block: CIDR, on interface: String) {
      self.block = block
      self.interface = interface
    }
  }

  /// In the order in which the kernel lists them: a redirect of what arrives takes the interface's
  /// first one.
  package var entries: [Entry]
  /// Nothing is missing: what isn't listed is somebody else's.
  package var isComplete: Bool

  /// - Parameter entries: beyond the loopback addresses, which every host has.
  package init(_ entries: [Entry] = [], isComplete: Bool = false) {
    self.entries = Self.loopback + entries
    self.isComplete = isComplete
  }

  /// Link-local addresses of IPv6 mean something on their own interface only, also to the routing
  /// tables.
  ///
  /// - Parameter interface: on which the packet leaves or arrives; nil where that isn't known.
  package func isOwn(_ address: IPAddress, on interface: String?) -> Bool {
    entries.contains { entry in
      entry.block.contains(address)
        && (!address.isLinkLocal6 || interface == nil || interface == entry.interface)
    }
  }

  /// The interface that has the address.
  package func interface(of address: IPAddress) -> String? {
    entries.first { $0.block.contains(address) }?.interface
  }

  /// Where a redirect of what arrives on the interface leads: its first address of the family that
  /// others can reach.
  package func redirectTarget(on interface: String, like address: IPAddress) -> IPAddress? {
    entries.first { entry in
      entry.interface == interface && entry.block.base.bitWidth == address.bitWidth
        && !entry.block.base.isLinkLocal6
    }?.block.base
  }

  static let loopbackInterface = "lo"

  private static let loopback = [
    Entry(
      CIDR(base: .v4(IPv4Address(rawValue: 127 << 24)), prefixLength: 8)!, on: loopbackInterface),
    Entry(CIDR(.v6(IPv6Address(rawValue: 1))), on: loopbackInterface),
  ]
}

extension IPAddress {
  /// fe80::/10
  var isLinkLocal6: Bool {
    guard case .v6(let address) = self else { return false }
    return address.rawValue >> 118 == 0xfe80 >> 6
  }

  /// 127.0.0.0/8 or ::1.
  var isLoopback: Bool {
    switch self {
    case .v4(let address): address.rawValue >> 24 == 127
    case .v6(let address): address.rawValue == 1
    }
  }

  /// Where a redirect of this host's own packets leads.
  var loopbackOfFamily: IPAddress {
    switch self {
    case .v4: .v4(IPv4Address(rawValue: 0x7f00_0001))
    case .v6: .v6(IPv6Address(rawValue: 1))
    }
  }
}
