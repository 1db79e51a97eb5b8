internal import Addressing
internal import CNetfilter

extension Selector {
  /// Every selector without parameters. What the kernel loads is looked up among these.
  static let plain: [Selector] = [
    .inputInterface, .outputInterface, .socketUID, .socketGID, .layer4Protocol, .ipv4Source,
    .ipv4Destination, .ipv6Source, .ipv6Destination, .tcpDestinationPort, .udpSourcePort,
    .udpDestinationPort, .transportDestinationPort, .etherType, .packetMark, .packetPriority,
    .icmpv6Type, .connectionState, .connectionStatus, .connectionDirection, .sourceAddressType,
    .destinationAddressType, .ipv4Option(.looseSourceRoute), .ipv4Option(.strictSourceRoute),
    .ipv6RoutingHeader, .etherGroupDestination, .wayBack,
  ]

  /// What the bytes mean in this field; nil for what no rule of ours compares it with.
  func value(_ bytes: [UInt8]) -> Value? {
    switch self {
    case .inputInterface, .outputInterface: Value.interface(bytes)
    case .socketUID: bytes.hostNumber(UInt32.self).map { .uid($0) }
    case .socketGID: bytes.hostNumber(UInt32.self).map { .gid($0) }
    case .layer4Protocol:
      bytes.only.flatMap { InternetProtocol(rawValue: $0) }.map { .layer4Protocol($0) }
    case .ipv4Source, .ipv4Destination, .ipv6Source, .ipv6Destination:
      IPAddress(networkOrder: bytes).map { .address($0) }
    case .tcpDestinationPort, .udpSourcePort, .udpDestinationPort, .transportDestinationPort:
      bytes.number(UInt16.self).map { .port($0) }
    case .etherType:
      bytes.number(UInt16.self).flatMap { EtherType(rawValue: $0) }.map { .etherType($0) }
    case .packetMark, .connectionMark: bytes.hostNumber(UInt32.self).map { .mark($0) }
    case .packetPriority: bytes.hostNumber(UInt32.self).map { .priority($0) }
    case .icmpv6Type: bytes.only.flatMap { ICMPv6Type(rawValue: $0) }.map { .icmpv6Type($0) }
    case .tcpFlags: bytes.only.map { .tcpFlags(TCPFlags(rawValue: $0)) }
    case .connectionState:
      bytes.hostNumber(UInt32.self).flatMap { ConnectionState(rawValue: $0) }.map { .state($0) }
    case .connectionStatus:
      bytes.hostNumber(UInt32.self).flatMap { ConnectionStatus(rawValue: $0) }.map { .status($0) }
    case .connectionDirection:
      bytes.only.flatMap { ConnectionDirection(rawValue: $0) }.map { .direction($0) }
    case .sourceAddressType, .destinationAddressType:
      bytes.hostNumber(UInt32.self).flatMap { AddressType(rawValue: $0) }.map { .addressType($0) }
    case .ipv4Option, .ipv6RoutingHeader, .etherGroupDestination, .wayBack: nil
    }
  }

  /// Of an address: how many bytes it has.
  var addressWidth: Int? {
    switch self {
    case .ipv4Source, .ipv4Destination: 4
    case .ipv6Source, .ipv6Destination: 16
    default: nil
    }
  }
}

extension Value {
  /// A whole name is padded to its field's width, the beginning of one isn't.
  fileprivate static func interface(_ bytes: [UInt8]) -> Value? {
    let name = bytes.prefix { $0 != 0 }
    guard !name.isEmpty, let text = String(validating: name, as: UTF8.self) else { return nil }
    if name.count == bytes.count { return .interfacePrefix(text) }
    return bytes.count == 16 && bytes.dropFirst(name.count).allSatisfy { $0 == 0 }
      ? .interface(text) : nil
  }
}

extension IPAddress {
  /// Four or sixteen bytes.
  init?(networkOrder bytes: [UInt8]) {
    if let v4 = bytes.number(UInt32.self) {
      self = .v4(IPv4Address(rawValue: v4))
    } else if let v6 = bytes.number(UInt128.self) {
      self = .v6(IPv6Address(rawValue: v6))
    } else {
      return nil
    }
  }
}

extension [UInt8] {
  var only: UInt8? { count == 1 ? self[0] : nil }

  /// In network order; nil where there are more or fewer bytes than the number has.
  func number<Number: FixedWidthInteger & UnsignedInteger>(_: Number.Type) -> Number? {
    guard count * 8 == Number.bitWidth else { return nil }
    return reduce(0) { $0 << 8 | Number($1) }
  }

  func hostNumber<Number: FixedWidthInteger & UnsignedInteger>(_ type: Number.Type) -> Number? {
    networkOrder.number(type)
  }
}
