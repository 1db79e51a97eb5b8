internal import Addressing
internal import CNetfilter
internal import Glibc
internal import Kernel

/// Where the routing tables of this network namespace send what is for an address.
struct SocketRoutes: ~Copyable {
  private var netlink: ConnectionNetlink
  private var ownAddresses: [IPAddress: Bool] = [:]

  init() throws(ConnectionError) { netlink = try ConnectionNetlink(.routes) }

  /// Whether packets for it stay on this host. `interface`: the device that the socket is bound to,
  /// without which nobody can tell whose a link-local address is; 0: none.
  mutating func isOwn(_ address: IPAddress, interface: UInt32 = 0) throws(ConnectionError) -> Bool {
    if let known = ownAddresses[address] { return known }
    let isOwn = try route(to: address, interface: interface)?.type == Self.local
    ownAddresses[address] = isOwn
    return isOwn
  }

  /// The device on which packets for it leave; nil: there is no route.
  mutating func device(
    to address: IPAddress, interface: UInt32
  ) throws(ConnectionError) -> String? {
    guard let number = try route(to: address, interface: interface)?.device else { return nil }
    // The function writes at most this many bytes, the last one a 0, or fails.
    var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
    guard unsafe if_indextoname(number, &name) != nil else { return nil }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private mutating func route(
    to address: IPAddress, interface: UInt32
  ) throws(ConnectionError) -> (type: UInt8, device: UInt32?)? {
    let bytes = Value.address(address).registerBytes
    let family = UInt8(bytes.count == 4 ? AF_INET : AF_INET6)
    // `rtmsg`: family, prefix lengths of destination and source, and nine bytes that stay 0.
    var request =
      [family, UInt8(bytes.count * 8), 0] + Array(repeating: 0, count: 9)
      + NetlinkAttribute.bytes(UInt16(RTA_DST.rawValue), bytes)
    if interface != 0 {
      request += NetlinkAttribute.bytes(UInt16(RTA_OIF.rawValue), interface.hostOrderBytes)
    }
    guard
      case .messages(let messages, _) = try netlink.ask(
        UInt16(RTM_GETROUTE), flags: 0, request),
      let message = messages.first, message.count >= Self.headerLength
    else { return nil }
    let device = NetlinkAttribute.all(in: message.dropFirst(Self.headerLength))
      .first { $0.type == UInt16(RTA_OIF.rawValue) }?.payload.word(at: 0)
    return (message[message.startIndex + 7], device)
  }

  private static let headerLength = 12
  /// RTN_LOCAL
  private static let local: UInt8 = 2
}

extension NetlinkAttribute {
  /// An attribute, padded to the next one's place.
  static func bytes(_ type: UInt16, _ payload: [UInt8]) -> [UInt8] {
    UInt16(4 + payload.count).hostOrderBytes + type.hostOrderBytes + payload
      + Array(repeating: 0, count: (4 - payload.count % 4) % 4)
  }

  /// An attribute that holds others.
  static func nested(_ type: UInt16, _ payload: [UInt8]) -> [UInt8] {
    bytes(type | UInt16(NLA_F_NESTED), payload)
  }
}
