internal import Addressing
internal import CNetfilter

/// What must be known of a packet before a field can be read at its place; nft adds these by itself
/// and doesn't print them.
enum Dependency: Hashable {
  case family(UInt8)
  case transport(InternetProtocol)
  /// The device has Ethernet headers.
  case ethernet

  var expressions: [KernelExpression] {
    switch self {
    case .family(let family): [.meta(NFT_META_NFPROTO), .compare(NFT_CMP_EQ, [family])]
    case .transport(let number): [.meta(NFT_META_L4PROTO), .compare(NFT_CMP_EQ, [number.rawValue])]
    case .ethernet:
      // ARPHRD_ETHER of linux/if_arp.h.
      [.meta(NFT_META_IFTYPE), .compare(NFT_CMP_EQ, UInt16(1).hostOrderBytes)]
    }
  }
}

extension Selector {
  var dependencies: [Dependency] {
    let ipv4 = UInt8(NFPROTO_IPV4)
    let ipv6 = UInt8(NFPROTO_IPV6)
    return switch self {
    case .ipv4Source, .ipv4Destination, .ipv4Option: [.family(ipv4)]
    case .ipv6Source, .ipv6Destination, .ipv6RoutingHeader: [.family(ipv6)]
    case .tcpDestinationPort, .tcpFlags: [.transport(.tcp)]
    case .udpSourcePort, .udpDestinationPort: [.transport(.udp)]
    case .etherType, .etherGroupDestination: [.ethernet]
    case .icmpv6Type: [.family(ipv6), .transport(.icmpv6)]
    default: []
    }
  }

  /// Brings the field into the register, or of an address the part that a block fixes: whole bytes
  /// by reading no more, single bits by a mask.
  func load(for test: Test) -> [KernelExpression] {
    guard case .is(.prefix(let block)) = test, let offset = addressOffset else { return load }
    if block.prefixLength.isMultiple(of: 8) {
      return [
        .payload(
          NFT_PAYLOAD_NETWORK_HEADER, offset: offset, length: UInt32(block.prefixLength / 8))
      ]
    }
    return load + [
      .mask(block.maskBytes, xor: Array(repeating: 0, count: block.maskBytes.count))
    ]
  }

  /// Where an address is in its header.
  private var addressOffset: UInt32? {
    switch self {
    case .ipv4Source: 12
    case .ipv4Destination: 16
    case .ipv6Source: 8
    case .ipv6Destination: 24
    default: nil
    }
  }

  var load: [KernelExpression] {
    switch self {
    case .inputInterface: [.meta(NFT_META_IIFNAME)]
    case .outputInterface: [.meta(NFT_META_OIFNAME)]
    case .socketUID: [.meta(NFT_META_SKUID)]
    case .socketGID: [.meta(NFT_META_SKGID)]
    case .etherType: [.payload(NFT_PAYLOAD_LL_HEADER, offset: 12, length: 2)]
    case .etherGroupDestination:
      [
        .payload(NFT_PAYLOAD_LL_HEADER, offset: 0, length: 6),
        .mask(Self.groupBit, xor: [0, 0, 0, 0, 0, 0]),
      ]
    case .packetMark: [.meta(NFT_META_MARK)]
    case .packetPriority: [.meta(NFT_META_PRIORITY)]
    case .layer4Protocol: [.meta(NFT_META_L4PROTO)]
    case .ipv4Source: [.payload(NFT_PAYLOAD_NETWORK_HEADER, offset: 12, length: 4)]
    case .ipv4Destination: [.payload(NFT_PAYLOAD_NETWORK_HEADER, offset: 16, length: 4)]
    case .ipv6Source: [.payload(NFT_PAYLOAD_NETWORK_HEADER, offset: 8, length: 16)]
    case .ipv6Destination: [.payload(NFT_PAYLOAD_NETWORK_HEADER, offset: 24, length: 16)]
    case .udpSourcePort:
      [.payload(NFT_PAYLOAD_TRANSPORT_HEADER, offset: 0, length: 2)]
    case .tcpDestinationPort, .udpDestinationPort, .transportDestinationPort:
      [.payload(NFT_PAYLOAD_TRANSPORT_HEADER, offset: 2, length: 2)]
    case .icmpv6Type: [.payload(NFT_PAYLOAD_TRANSPORT_HEADER, offset: 0, length: 1)]
    case .tcpFlags(let among):
      [
        .payload(NFT_PAYLOAD_TRANSPORT_HEADER, offset: 13, length: 1),
        .mask([among.rawValue], xor: [0]),
      ]
    case .connectionState: [.connection(NFT_CT_STATE)]
    case .connectionStatus: [.connection(NFT_CT_STATUS)]
    case .connectionDirection: [.connection(NFT_CT_DIRECTION)]
    case .connectionMark(let mask):
      [.connection(NFT_CT_MARK), .mask(mask.hostOrderBytes, xor: [0, 0, 0, 0])]
    case .sourceAddressType: [.routeType(of: NFTA_FIB_F_SADDR)]
    case .destinationAddressType: [.routeType(of: NFTA_FIB_F_DADDR)]
    case .wayBack: [.isWayBack]
    case .ipv4Option(let option):
      [.extensionHeader(NFT_EXTHDR_OP_IPV4, type: option.rawValue)]
    case .ipv6RoutingHeader:
      [.extensionHeader(NFT_EXTHDR_OP_IPV6, type: UInt8(IPPROTO_ROUTING))]
    }
  }

  /// What is loaded where the test `exists` holds.
  var presence: [UInt8] { self == .etherGroupDestination ? Self.groupBit : [1] }

  /// Of an address as it travels (IEEE 802): set for groups and for everybody.
  private static let groupBit: [UInt8] = [1, 0, 0, 0, 0, 0]

  /// nft's number for the type of an anonymous set's keys (`enum datatypes`; part of what it keeps
  /// in the kernel, so it doesn't change).
  var keyType: UInt32 {
    switch self {
    case .layer4Protocol: 12
    case .tcpDestinationPort, .udpSourcePort, .udpDestinationPort, .transportDestinationPort: 13
    case .icmpv6Type: 29
    case .connectionMark, .packetMark: 19
    case .socketUID: NamedSet.KeyType.uid.number
    case .socketGID: NamedSet.KeyType.gid.number
    case .ipv4Source, .ipv4Destination: NamedSet.KeyType.ipv4Address.number
    case .ipv6Source, .ipv6Destination: NamedSet.KeyType.ipv6Address.number
    default: 4
    }
  }
}

extension Selector {
  var isHostOrder: Bool {
    switch self {
    case .connectionMark, .packetMark, .packetPriority, .socketUID, .socketGID: true
    default: false
    }
  }
}

extension NamedSet.KeyType {
  var number: UInt32 {
    switch self {
    case .uid: 24
    case .gid: 25
    case .port: 13
    case .ipv4Address: 7
    case .ipv6Address: 8
    }
  }

  var length: UInt32 {
    switch self {
    case .port: 2
    case .uid, .gid, .ipv4Address: 4
    case .ipv6Address: 16
    }
  }
}

extension NamedSet.KeyType {
  /// Keys are numbers of this machine, not of the network.
  var isHostOrder: Bool { self == .uid || self == .gid }
}
