package import Addressing

/// The first packet of a connection or flow, as it sets out.
package struct Packet: Hashable, Sendable {
  /// Who made it.
  package enum Origin: Hashable, Sendable {
    /// A process of this host.
    case socket(uid: UInt32, gid: UInt32)
    /// This host's kernel, for no process: it has no uid.
    case kernel
    /// It arrived on this interface.
    case interface(String)
  }

  package var origin: Origin
  /// IANA's number.
  package var protocolNumber: UInt8
  /// Nil where it isn't known, in which case no rule about the address holds: of this host's own
  /// packets the kernel chooses one of its addresses, of others it may be any.
  package var source: IPAddress?
  /// Nil where it isn't known.
  package var sourcePort: UInt16?
  package var destination: IPAddress
  /// Nil exactly for protocols without ports.
  package var destinationPort: UInt16?
  /// Of TCP.
  package var tcpFlags: TCPFlags
  /// Of ICMP and ICMPv6.
  package var icmpType: UInt8?
  /// Options that name a destination beside the header's.
  package var ipv4Options: Set<IPv4Option>
  package var hasIPv6RoutingHeader: Bool
  /// What conntrack knows of it; nil for what it doesn't track (neighbour discovery).
  package var connection: Connection?
  package var mark: UInt32
  package var priority: UInt32
  /// The socket is bound to the interface on which it sends (SO_BINDTODEVICE): a redirect doesn't
  /// change where the packet leaves.
  package var isBoundToInterface: Bool

  package init(
    from origin: Origin, protocolNumber: UInt8, source: IPAddress? = nil,
    sourcePort: UInt16? = nil, to destination: IPAddress, port: UInt16? = nil,
    tcpFlags: TCPFlags = .syn, icmpType: UInt8? = nil, ipv4Options: Set<IPv4Option> = [],
    hasIPv6RoutingHeader: Bool = false, connection: Connection? = Connection(), mark: UInt32 = 0,
    priority: UInt32 = 0, isBoundToInterface: Bool = false
  ) {
    self.origin = origin
    self.protocolNumber = protocolNumber
    self.source = source
    self.sourcePort = sourcePort
    self.destination = destination
    destinationPort = port
    self.tcpFlags = tcpFlags
    self.icmpType = icmpType
    self.ipv4Options = ipv4Options
    self.hasIPv6RoutingHeader = hasIPv6RoutingHeader
    self.connection = connection
    self.mark = mark
    self.priority = priority
    self.isBoundToInterface = isBoundToInterface
  }

  /// What conntrack knows of a packet's connection.
  package struct Connection: Hashable, Sendable {
    package var state: ConnectionState
    package var mark: UInt32
    package var direction: ConnectionDirection
    /// Somebody rewrote the destination of its first packet.
    package var isDestinationTranslated: Bool

    package init(
      _ state: ConnectionState = .new, mark: UInt32 = 0,
      direction: ConnectionDirection = .original, isDestinationTranslated: Bool = false
    ) {
      self.state = state
      self.mark = mark
      self.direction = direction
      self.isDestinationTranslated = isDestinationTranslated
    }
  }
}

extension Packet {
  var isTCP: Bool { protocolNumber == InternetProtocol.tcp.rawValue }
  var isUDP: Bool { protocolNumber == InternetProtocol.udp.rawValue }
  var isICMPv6: Bool { protocolNumber == InternetProtocol.icmpv6.rawValue }
  /// This host sends it.
  package var isLocallyMade: Bool {
    if case .interface = origin { false } else { true }
  }
}
