package import Addressing

/// Kinds of destination that a name must not lead to: whoever controls a name's DNS answers could
/// otherwise reach the workload's own machine through a rule that was meant for the internet.
package enum AddressClass: String, CaseIterable, Sendable {
  /// `127.0.0.0/8`, `::1`.
  case loopback
  /// `169.254.0.0/16`, where most clouds keep instance metadata, and `fe80::/10`.
  case linkLocal = "link-local"
  /// Metadata and host services of clouds that keep them elsewhere: `fd00:ec2::254` (AWS),
  /// `fd20:ce::254` (Google), `100.100.100.200` (Alibaba), `168.63.129.16` (Azure).
  case metadata
  /// `0.0.0.0/8`, which Linux routes to the machine itself in part, and `::`.
  case unspecified
  /// `224.0.0.0/4`, `ff00::/8`.
  case multicast
  /// `255.255.255.255`.
  case broadcast
}

/// An address of one of the classes, and the block that a rule must keep within to name it.
package struct ForbiddenAddress: Hashable, Sendable {
  package let addressClass: AddressClass
  /// The class's own block around the address, in the encoding the address came in: a rule whose
  /// block is wider (`0.0.0.0/0`) was not written with this class in mind.
  package let block: CIDR

  /// Nil where `address` is of no class, whatever IPv4 address an IPv6 one may carry.
  package init?(_ address: IPAddress) {
    switch address.canonical {
    case .v4(let address):
      guard let (addressClass, length) = Self.classify(address) else { return nil }
      self.init(addressClass, .v4(address), length)
    case .v6(let address):
      if let (addressClass, length) = Self.classify(address) {
        self.init(addressClass, .v6(address), length)
      } else if let embedded = Self.embedded(in: address),
        let (addressClass, length) = Self.classify(embedded.address)
      {
        self.init(addressClass, .v6(address), embedded.offset + length)
      } else {
        return nil
      }
    }
  }

  private init?(_ addressClass: AddressClass, _ address: IPAddress, _ length: Int) {
    guard let block = CIDR(containing: address, prefixLength: length) else { return nil }
    self.addressClass = addressClass
    self.block = block
  }

  /// The class of an IPv4 address and the prefix length of its block.
  private static func classify(_ address: IPv4Address) -> (AddressClass, Int)? {
    let value = address.rawValue
    switch value >> 24 {
    case 0: return (.unspecified, 8)
    case 127: return (.loopback, 8)
    case 224...239: return (.multicast, 4)
    default: break
    }
    if value >> 16 == 0xa9fe { return (.linkLocal, 16) }
    switch value {
    case 0xffff_ffff: return (.broadcast, 32)
    case 0x6464_64c8, 0xa83f_8110: return (.metadata, 32)
    default: return nil
    }
  }

  /// The same for an IPv6 address by its own meaning.
  private static func classify(_ address: IPv6Address) -> (AddressClass, Int)? {
    let value = address.rawValue
    if value >> 120 == 0xff { return (.multicast, 8) }
    if value >> 118 == 0xfe80 >> 6 { return (.linkLocal, 10) }
    switch value {
    case 0: return (.unspecified, 128)
    case 1: return (.loopback, 128)
    case 0xfd00_0ec2_0000_0000_0000_0000_0000_0254, 0xfd20_00ce_0000_0000_0000_0000_0000_0254:
      return (.metadata, 128)
    default: return nil
    }
  }

  /// The IPv4 address that a translator or tunnel on the way would deliver to, and the number of
  /// bits before it. (IPv4-mapped addresses are IPv4 by now.)
  private static func embedded(in address: IPv6Address) -> (address: IPv4Address, offset: Int)? {
    let value = address.rawValue
    let low = UInt32(truncatingIfNeeded: value)
    // IPv4-compatible, RFC 4291 §2.5.5.1.
    if value >> 32 == 0 { return (IPv4Address(rawValue: low), 96) }
    // NAT64's well-known prefix, RFC 6052 §2.1.
    if value >> 32 == 0x0064_ff9b_0000_0000_0000_0000 {
      return (IPv4Address(rawValue: low), 96)
    }
    // 6to4, RFC 3056 §2.
    if value >> 112 == 0x2002 {
      return (IPv4Address(rawValue: UInt32(truncatingIfNeeded: value >> 80)), 16)
    }
    // Teredo, RFC 4380 §4: the client's address stands last, inverted.
    if value >> 96 == 0x2001_0000 { return (IPv4Address(rawValue: ~low), 96) }
    return nil
  }
}
