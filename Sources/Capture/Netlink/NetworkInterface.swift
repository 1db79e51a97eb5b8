package import Addressing
internal import CNetfilter
internal import Glibc

/// A network interface of this namespace, as the kernel lists it.
package struct NetworkInterface: Hashable, Sendable {
  package var index: UInt32
  package var name: String
  /// Switched on; whether a cable is in it is another matter.
  package var isUp: Bool
  package var isLoopback: Bool
  /// What it sends leaves on another interface of this namespace: a VLAN's, a bridge's port.
  package var isStacked: Bool
  /// This host's addresses on it, link-local ones included, in the kernel's order.
  package var addresses: [IPAddress]

  package init(
    index: UInt32, name: String, isUp: Bool, isLoopback: Bool, isStacked: Bool = false,
    addresses: [IPAddress] = []
  ) {
    self.index = index
    self.name = name
    self.isUp = isUp
    self.isLoopback = isLoopback
    self.isStacked = isStacked
    self.addresses = addresses
  }

  /// Whether it has an address of the family that others can reach it by beyond the link: one to
  /// which `redirect` can send a connection.
  package func hasAddress(of family: RoutingFamily) -> Bool {
    addresses.contains { address in
      switch (address, family) {
      case (.v4, .ipv4): true
      case (.v6(let address), .ipv6): address.rawValue >> 118 != 0xfe80 >> 6
      default: false
      }
    }
  }
}

extension NetworkInterface {
  /// Puts together what the kernel lists in two parts.
  static func all(links: [RouteMessage], addresses: [RouteMessage]) -> [NetworkInterface] {
    var byIndex: [UInt32: [IPAddress]] = [:]
    for message in addresses {
      guard let (index, address) = message.address else { continue }
      byIndex[index, default: []].append(address)
    }
    return links.compactMap { message in
      guard var interface = message.interface else { return nil }
      interface.addresses = byIndex[interface.index] ?? []
      return interface
    }
  }
}

extension RouteMessage {
  /// Asks for all interfaces.
  static var links: RouteMessage {
    RouteMessage(type: UInt16(RTM_GETLINK), header: Array(repeating: 0, count: 16))
  }

  /// Asks for all addresses.
  static var addresses: RouteMessage {
    RouteMessage(type: UInt16(RTM_GETADDR), header: Array(repeating: 0, count: 8))
  }

  fileprivate var interface: NetworkInterface? {
    // struct ifinfomsg: family, padding, type, index, flags, changed flags.
    guard Int(type) == RTM_NEWLINK, let index = header[...].word(at: 4),
      let flags = header[...].word(at: 8), let name = values.text(Int(IFLA_IFNAME))
    else { return nil }
    return NetworkInterface(
      index: index, name: name, isUp: flags & Self.up != 0, isLoopback: flags & Self.loopback != 0,
      isStacked: isStacked)
  }

  /// The other end of a veth pair stands where a VLAN names the interface below it.
  private var isStacked: Bool {
    if values.word(Int(IFLA_MASTER)) ?? 0 != 0 { return true }
    guard values.word(Int(IFLA_LINK)) ?? 0 != 0, values.word(Int(IFLA_LINK_NETNSID)) == nil else {
      return false
    }
    let kind = values.bytes(Int(IFLA_LINKINFO)).map { RouteMessage.Values(Array($0)) }?
      .text(Int(IFLA_INFO_KIND))
    return kind != "veth"
  }

  fileprivate var address: (interface: UInt32, IPAddress)? {
    // struct ifaddrmsg: family, prefix length, flags, scope, index. On a point-to-point link
    // IFA_ADDRESS is the other end's.
    guard Int(type) == RTM_NEWADDR, let index = header[...].word(at: 4),
      let bytes = values.bytes(Int(IFA_LOCAL)) ?? values.bytes(Int(IFA_ADDRESS))
    else { return nil }
    switch (Int32(header[0]), bytes.count) {
    case (AF_INET, 4):
      return (index, .v4(IPv4Address(rawValue: bytes.reduce(0) { $0 << 8 | UInt32($1) })))
    case (AF_INET6, 16):
      return (index, .v6(IPv6Address(rawValue: bytes.reduce(0) { $0 << 8 | UInt128($1) })))
    default: return nil
    }
  }

  // IFF_UP and IFF_LOOPBACK of linux/if.h, which clashes with the C library's.
  private static let up: UInt32 = 0x1
  private static let loopback: UInt32 = 0x8
}
