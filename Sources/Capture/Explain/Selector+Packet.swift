internal import Addressing

/// What a rule reads from a packet.
enum Field: Equatable {
  case text(String)
  case number(UInt32)
  case address(IPAddress)
}

extension Selector {
  /// The packet's field at the hook where it is; nil where it has none, so that no test holds.
  func field(of underway: PacketUnderway) -> Field? {
    let packet = underway.packet
    switch self {
    // Without a device the kernel compares with an empty name.
    case .inputInterface: return .text(underway.inputInterface ?? "")
    case .outputInterface: return .text(underway.outputInterface ?? "")
    case .socketUID: return (underway.socket?.uid).map { .number($0) }
    case .socketGID: return (underway.socket?.gid).map { .number($0) }
    case .layer4Protocol: return .number(UInt32(packet.protocolNumber))
    case .ipv4Source: return packet.source?.ifIPv4
    case .ipv6Source: return packet.source?.ifIPv6
    case .ipv4Destination: return packet.destination.ifIPv4
    case .ipv6Destination: return packet.destination.ifIPv6
    case .tcpDestinationPort: return packet.isTCP ? port(packet.destinationPort) : nil
    case .udpSourcePort: return packet.isUDP ? port(packet.sourcePort) : nil
    case .udpDestinationPort: return packet.isUDP ? port(packet.destinationPort) : nil
    case .transportDestinationPort: return port(packet.destinationPort)
    case .etherType:
      let type: EtherType = packet.destination.bitWidth == 32 ? .ip : .ip6
      return .number(UInt32(type.rawValue))
    // Packets of the IP layer have no frame yet.
    case .etherGroupDestination: return nil
    case .packetMark: return .number(packet.mark)
    case .packetPriority: return .number(packet.priority)
    case .icmpv6Type:
      guard packet.protocolNumber == InternetProtocol.icmpv6.rawValue else { return nil }
      return packet.icmpType.map { .number(UInt32($0)) }
    case .tcpFlags(let mask):
      return packet.isTCP ? .number(UInt32(packet.tcpFlags.intersection(mask).rawValue)) : nil
    case .connectionState:
      // Before tracking the kernel calls everything invalid; what it doesn't track is neither this
      // nor any other state that rules name here.
      guard underway.isTracked else { return .number(ConnectionState.invalid.rawValue) }
      return .number(packet.connection?.state.rawValue ?? 0)
    case .connectionStatus:
      guard let connection = underway.judgedConnection else { return nil }
      return .number(
        connection.isDestinationTranslated ? ConnectionStatus.destinationTranslated.rawValue : 0)
    case .connectionDirection:
      return (underway.judgedConnection?.direction.rawValue).map { .number(UInt32($0)) }
    case .connectionMark(let mask):
      return (underway.judgedConnection?.mark).map { .number($0 & mask) }
    case .sourceAddressType: return addressType(isOwn: underway.isSourceOwn)
    case .destinationAddressType: return addressType(isOwn: underway.isDestinationOwn)
    // Taken for granted: whoever is asked about doesn't forge.
    case .wayBack: return .number(1)
    case .ipv4Option(let option):
      guard packet.destination.bitWidth == 32 else { return nil }
      return .number(packet.ipv4Options.contains(option) ? 1 : 0)
    case .ipv6RoutingHeader:
      guard packet.destination.bitWidth == 128 else { return nil }
      return .number(packet.hasIPv6RoutingHeader ? 1 : 0)
    }
  }

  private func port(_ port: UInt16?) -> Field? { port.map { .number(UInt32($0)) } }

  private func addressType(isOwn: Bool) -> Field {
    // Any other type than "local": no rule that is explained names a second one.
    .number(isOwn ? AddressType.local.rawValue : 0)
  }
}

extension PacketUnderway {
  /// An invalid packet belongs to no connection.
  fileprivate var judgedConnection: Packet.Connection? {
    guard let connection, connection.state != .invalid else { return nil }
    return connection
  }
}

extension IPAddress {
  fileprivate var ifIPv4: Field? { bitWidth == 32 ? .address(self) : nil }
  fileprivate var ifIPv6: Field? { bitWidth == 128 ? .address(self) : nil }
}

extension Match {
  func holds(for underway: PacketUnderway, sets: [NamedSet]) -> Bool {
    guard let field = selector.field(of: underway) else { return false }
    return switch test {
    case .is(let value): value.covers(field)
    case .isNot(let value): !value.covers(field)
    case .isOneOf(let values): values.contains { $0.covers(field) }
    case .isIn(let name):
      sets.first { $0.name == name }?.elements.contains { $0.covers(field) } ?? false
    case .isBetween(let low, let high):
      if case .number(let number) = field, let low = low.number, let high = high.number {
        low <= number && number <= high
      } else {
        false
      }
    case .has(let value):
      if case .number(let number) = field, let bits = value.number {
        number & bits != 0
      } else {
        false
      }
    case .exists: field == .number(1)
    case .isMissing: field == .number(0)
    }
  }
}

extension Value {
  /// True where the field is what the value says, or one of the things it says.
  func covers(_ field: Field) -> Bool {
    switch (self, field) {
    case (.interface(let name), .text(let text)): text == name
    case (.interfacePrefix(let prefix), .text(let text)): text.utf8.starts(with: prefix.utf8)
    case (.address(let one), .address(let address)): one == address
    case (.prefix(let block), .address(let address)): block.contains(address)
    case (.addressRange(let first, let last), .address(let address)):
      address.isBetween(first, last)
    case (.portRange(let first, let last), .number(let number)):
      UInt32(first) <= number && number <= UInt32(last)
    case (_, .number(let number)): self.number == number
    default: false
    }
  }

  /// Nil for what is no single number.
  fileprivate var number: UInt32? {
    switch self {
    case .interface, .interfacePrefix, .address, .prefix, .addressRange, .portRange: nil
    case .uid(let number), .gid(let number), .mark(let number), .priority(let number): number
    case .layer4Protocol(let number): UInt32(number.rawValue)
    case .port(let port): UInt32(port)
    case .etherType(let type): UInt32(type.rawValue)
    case .icmpv6Type(let type): UInt32(type.rawValue)
    case .tcpFlags(let flags): UInt32(flags.rawValue)
    case .state(let state): state.rawValue
    case .status(let status): status.rawValue
    case .direction(let direction): UInt32(direction.rawValue)
    case .addressType(let type): type.rawValue
    }
  }
}

extension IPAddress {
  fileprivate func isBetween(_ first: IPAddress, _ last: IPAddress) -> Bool {
    switch (self, first, last) {
    case (.v4(let address), .v4(let first), .v4(let last)): first <= address && address <= last
    case (.v6(let address), .v6(let first), .v6(let last)): first <= address && address <= last
    default: false
    }
  }
}
