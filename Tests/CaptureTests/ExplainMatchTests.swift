import Addressing
import Testing

@testable import Capture

@Suite("A match holds for the packets for which the kernel's does")
struct ExplainMatchTests {
  private static let sets = [
    NamedSet(name: "uids", uids: [5, 7]), NamedSet(name: "ports", ports: [80...90, 443...443]),
    NamedSet(name: "blocks4", ipv4: [CIDR("10.0.0.0/8")!, CIDR("192.0.2.1")!]),
    NamedSet(name: "blocks6", ipv6: [CIDR("fd00::/8")!]),
  ]

  private static let tcp = Packet(
    from: .socket(uid: 7, gid: 8), protocolNumber: 6, source: IPAddress("10.1.1.1")!,
    sourcePort: 4000, to: IPAddress("192.0.2.1")!, port: 85)
  private static let udp6 = Packet(
    from: .kernel, protocolNumber: 17, source: IPAddress("fd00::1")!, sourcePort: 53,
    to: IPAddress("2001:db8::1")!, port: 53)
  private static let gre = Packet(
    from: .socket(uid: 1, gid: 1), protocolNumber: 47, to: IPAddress("10.0.0.1")!)
  private static let ping6 = Packet(
    from: .socket(uid: 1, gid: 1), protocolNumber: 58, to: IPAddress("fd00::2")!, icmpType: 128)

  private func holds(_ match: Match, _ packet: Packet) -> Bool {
    var underway = PacketUnderway(packet, addresses: HostAddresses())
    underway.isTracked = true
    underway.outputInterface = "eth0"
    return match.holds(for: underway, sets: Self.sets)
  }

  @Test(
    "Of a TCP packet over IPv4",
    arguments: [
      (Match(.socketUID, .isIn(set: "uids")), true),
      (Match(.socketUID, .isBetween(.uid(0), .uid(.max))), true),
      (Match(.socketGID, .is(.gid(8))), true), (Match(.socketGID, .isNot(.gid(8))), false),
      (Match(.tcpDestinationPort, .isIn(set: "ports")), true),
      (Match(.tcpDestinationPort, .isOneOf([.port(84), .port(86)])), false),
      (Match(.transportDestinationPort, .is(.port(85))), true),
      (Match(.udpDestinationPort, .isNot(.port(1))), false),
      (Match(.ipv4Destination, .isIn(set: "blocks4")), true),
      (Match(.ipv4Destination, .is(.prefix(CIDR("192.0.2.2/31")!))), false),
      (Match(.ipv6Destination, .isNot(.address(IPAddress("::1")!))), false),
      (Match(.tcpFlags(among: [.syn, .ack]), .is(.tcpFlags(.syn))), true),
      (Match(.tcpFlags(among: .rst), .isNot(.tcpFlags(.rst))), true),
      (Match(.outputInterface, .is(.interfacePrefix("eth"))), true),
      (Match(.outputInterface, .is(.interfacePrefix("eth00"))), false),
      // There is no input interface in the output hook, and it is called "".
      (Match(.inputInterface, .isNot(.interface("lo"))), true),
      (Match(.connectionState, .has(.state(.new))), true),
      (Match(.connectionDirection, .is(.direction(.original))), true),
      (Match(.connectionStatus, .has(.status(.destinationTranslated))), false),
      (Match(.ipv4Option(.looseSourceRoute), .exists), false),
      (Match(.ipv6RoutingHeader, .exists), false),
      (Match(.destinationAddressType, .isNot(.addressType(.local))), true),
    ] as [(Match, Bool)])
  func tcp(match: Match, expected: Bool) {
    #expect(holds(match, Self.tcp) == expected)
  }

  @Test("A packet without a socket is neither in a set of uids nor outside of a uid")
  func noSocket() {
    #expect(!holds(Match(.socketUID, .isBetween(.uid(0), .uid(.max))), Self.udp6))
    #expect(!holds(Match(.socketUID, .isNot(.uid(5))), Self.udp6))
    #expect(!holds(Match(.socketGID, .isNot(.gid(5))), Self.udp6))
  }

  @Test("UDP has ports and no flags, other protocols have neither")
  func otherProtocols() {
    #expect(holds(Match(.udpSourcePort, .is(.port(53))), Self.udp6))
    #expect(!holds(Match(.tcpFlags(among: .syn), .isNot(.tcpFlags(.syn))), Self.udp6))
    #expect(!holds(Match(.transportDestinationPort, .isNot(.port(1))), Self.gre))
    #expect(holds(Match(.layer4Protocol, .isNot(.layer4Protocol(.tcp))), Self.gre))
    #expect(!holds(Match(.icmpv6Type, .isNot(.icmpv6Type(.routerSolicitation))), Self.gre))
    #expect(holds(Match(.icmpv6Type, .isNot(.icmpv6Type(.routerSolicitation))), Self.ping6))
  }

  @Test("An address that isn't known is in no set, and this host's own where it sends")
  func unknownSource() {
    #expect(!holds(Match(.ipv4Source, .isNot(.address(IPAddress("10.0.0.1")!))), Self.gre))
    #expect(holds(Match(.sourceAddressType, .is(.addressType(.local))), Self.gre))
    #expect(!holds(Match(.sourceAddressType, .is(.addressType(.local))), Self.tcp))
  }

  @Test("A link-local address is this host's on its own interface only")
  func linkLocal() throws {
    let address = try #require(IPAddress("fe80::1"))
    let addresses = HostAddresses([.init(CIDR(address), on: "eth0")])
    #expect(addresses.isOwn(address, on: "eth0"))
    #expect(!addresses.isOwn(address, on: "lo"))
    #expect(addresses.isOwn(address, on: nil))
  }
}
