package import Addressing

/// One condition on a packet: a field and what it must be.
package struct Match: Hashable, Sendable {
  package var selector: Selector
  package var test: Test

  package init(_ selector: Selector, _ test: Test) {
    self.selector = selector
    self.test = test
  }
}

/// What is looked at. Where a packet has no such field, no test on it holds, neither "is" nor
/// "is not": a packet without a socket has no uid.
package enum Selector: Hashable, Sendable {
  case inputInterface
  case outputInterface
  /// The uid that opened the socket's file. Absent on packets that the kernel made by itself, on
  /// those of a closed socket (the ACK of TIME_WAIT), and on those of sockets that the kernel opened
  /// for itself and that have no file: SMC's TCP connection, a later MPTCP subflow's SYN.
  case socketUID
  /// The gid, likewise.
  case socketGID
  case layer4Protocol
  case ipv4Source
  case ipv4Destination
  case ipv6Source
  case ipv6Destination
  case tcpDestinationPort
  case udpSourcePort
  case udpDestinationPort
  /// The destination port of whatever the rule has matched as protocol, at the place where TCP and
  /// UDP have it.
  case transportDestinationPort
  /// What the frame's own header says it carries; of a raw frame its sender chose it.
  case etherType
  /// The frame's own header addresses it to a group or to everybody. Only with `exists`.
  case etherGroupDestination
  case packetMark
  case packetPriority
  case icmpv6Type
  case tcpFlags(among: TCPFlags)
  case connectionState
  case connectionStatus
  case connectionDirection
  case connectionMark(mask: UInt32)
  /// What the routing tables say of the source address.
  case sourceAddressType
  case destinationAddressType
  /// Whether packets to the source would leave where this one arrived. Only with
  /// `isMissing`.
  case wayBack
  case ipv4Option(IPv4Option)
  case ipv6RoutingHeader
}

package enum Test: Hashable, Sendable {
  case `is`(Value)
  case isNot(Value)
  /// At least two values, in ascending order; one value is `is`.
  case isOneOf([Value])
  case isIn(set: String)
  case isBetween(Value, Value)
  /// Any of the bits is set (connection state and status).
  case has(Value)
  /// The header or option is there.
  case exists
  case isMissing
}

/// What a field is compared with. The cases fix how nft prints it and how wide and in which byte
/// order the kernel compares it.
package enum Value: Hashable, Sendable {
  case interface(String)
  /// Every interface whose name begins so.
  case interfacePrefix(String)
  case uid(UInt32)
  case gid(UInt32)
  case layer4Protocol(InternetProtocol)
  case address(IPAddress)
  case prefix(CIDR)
  /// First and last, of one family; only in sets.
  case addressRange(IPAddress, IPAddress)
  case port(UInt16)
  /// First and last; only in sets.
  case portRange(UInt16, UInt16)
  case etherType(EtherType)
  /// A class of traffic control: major and minor number.
  case priority(UInt32)
  case icmpv6Type(ICMPv6Type)
  case tcpFlags(TCPFlags)
  case state(ConnectionState)
  case status(ConnectionStatus)
  case direction(ConnectionDirection)
  case mark(UInt32)
  case addressType(AddressType)
}

/// IANA protocol numbers, by the names of /etc/protocols, which nft prints.
package enum InternetProtocol: UInt8, Sendable {
  case icmp = 1
  case igmp = 2
  case tcp = 6
  case udp = 17
  case icmpv6 = 58
}

/// What a frame carries (linux/if_ether.h).
package enum EtherType: UInt16, Sendable {
  case ip = 0x0800
  case arp = 0x0806
  case ip6 = 0x86dd
}

/// Messages that the kernel must be able to send lest IPv6 dies (RFC 4861, RFC 2710, RFC 3810).
package enum ICMPv6Type: UInt8, Sendable {
  case multicastListenerReport = 131
  case multicastListenerDone = 132
  case routerSolicitation = 133
  case neighbourSolicitation = 135
  case neighbourAdvertisement = 136
  case multicastListenerReport2 = 143
}

package struct TCPFlags: OptionSet, Hashable, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package static let fin = TCPFlags(rawValue: 0x01)
  package static let syn = TCPFlags(rawValue: 0x02)
  package static let rst = TCPFlags(rawValue: 0x04)
  package static let ack = TCPFlags(rawValue: 0x10)
}

/// Bits as nftables shows them, which are not conntrack's own.
package enum ConnectionState: UInt32, Sendable {
  case invalid = 1
  case established = 2
  case related = 4
  case new = 8
}

/// Bits of `enum ip_conntrack_status`.
package enum ConnectionStatus: UInt32, Sendable { case destinationTranslated = 0x20 }

package enum ConnectionDirection: UInt8, Sendable { case original = 0, reply = 1 }

/// Route types of `linux/rtnetlink.h`.
package enum AddressType: UInt32, Sendable { case local = 2, broadcast = 3 }

/// Options that send a packet on to an address that its header doesn't show (RFC 791 §3.1).
package enum IPv4Option: UInt8, Sendable {
  case looseSourceRoute = 131
  case strictSourceRoute = 137
}
