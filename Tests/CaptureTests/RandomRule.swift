import Addressing
import SeededRandom

@testable import Capture

/// Rules that our rulesets could have, each part by chance.
enum RandomRule {
  static let selectors: [Selector] =
    Selector.plain + [
      .tcpFlags(among: [.syn, .ack]), .tcpFlags(among: .rst), .connectionMark(mask: 0xf000),
      .connectionMark(mask: 0x7000_0000),
    ]

  static func make(_ random: inout SeededGenerator) -> Rule {
    let matches = (0..<Int.random(in: 0...4, using: &random)).map { _ in
      let selector = selectors.randomElement(using: &random)!
      return Match(selector, tests(of: selector, &random).randomElement(using: &random)!)
    }
    let statements = (0..<Int.random(in: 1...3, using: &random)).map { _ in
      self.statements(&random).randomElement(using: &random)!
    }
    return Rule(matches, statements)
  }

  /// Destination ports as those of any protocol, and no conditions on the protocol.
  static func withoutProtocols(_ rule: Rule) -> Rule {
    var rule = rule
    rule.matches.removeAll { $0.selector == .layer4Protocol }
    for index in rule.matches.indices {
      switch rule.matches[index].selector {
      case .tcpDestinationPort, .udpDestinationPort:
        rule.matches[index].selector = .transportDestinationPort
      default: break
      }
    }
    return rule
  }

  static func tests(of selector: Selector, _ random: inout SeededGenerator) -> [Test] {
    switch selector {
    case .ipv4Option, .ipv6RoutingHeader, .etherGroupDestination: return [.exists]
    case .wayBack: return [.isMissing]
    case .connectionState:
      return [.has(.state([.invalid, .related, .new].randomElement(using: &random)!))]
    case .connectionStatus: return [.has(.status(.destinationTranslated))]
    default: break
    }
    let one = value(of: selector, &random)
    var tests: [Test] = [.is(one), .isNot(one)]
    switch selector {
    case .inputInterface, .outputInterface:
      tests += [.is(.interfacePrefix("cali")), .isNot(.interfacePrefix("v"))]
    case .socketUID, .socketGID:
      let other = value(of: selector, &random)
      tests += [.isIn(set: "some"), .isBetween(one, other)]
    case .ipv4Source, .ipv4Destination, .ipv6Source, .ipv6Destination:
      tests.append(.isIn(set: "some"))
      if case .address(let address) = one {
        let length = Int.random(in: 1..<address.bitWidth, using: &random)
        tests.append(.is(.prefix(CIDR(containing: address, prefixLength: length)!)))
      }
    case .tcpDestinationPort, .udpSourcePort, .udpDestinationPort, .transportDestinationPort:
      tests += [
        .isIn(set: "some"),
        .isOneOf(
          Set(
            (0..<Int.random(in: 2...9, using: &random)).map { _ in
              UInt16.random(in: 0...(.max), using: &random)
            }
          ).sorted().map { .port($0) }),
      ]
    case .layer4Protocol:
      tests.append(.isOneOf([.layer4Protocol(.tcp), .layer4Protocol(.udp)]))
    case .icmpv6Type:
      tests.append(
        .isOneOf([.icmpv6Type(.neighbourSolicitation), .icmpv6Type(.neighbourAdvertisement)]))
    case .connectionMark, .packetMark:
      tests.append(.isOneOf([.mark(0x1000), .mark(0x20ff), .mark(0xff00_0000)]))
    default: break
    }
    return tests
  }

  static func value(of selector: Selector, _ random: inout SeededGenerator) -> Value {
    let number = UInt32.random(in: 0...(.max), using: &random)
    return switch selector {
    case .inputInterface, .outputInterface: .interface(number % 2 == 0 ? "lo" : "a-long-name-15b")
    case .socketUID: .uid(number)
    case .socketGID: .gid(number)
    case .layer4Protocol: .layer4Protocol(number % 2 == 0 ? .tcp : .icmpv6)
    case .ipv4Source, .ipv4Destination: .address(.v4(IPv4Address(rawValue: number)))
    case .ipv6Source, .ipv6Destination:
      .address(.v6(IPv6Address(rawValue: UInt128.random(in: 0...(.max), using: &random))))
    case .tcpDestinationPort, .udpSourcePort, .udpDestinationPort, .transportDestinationPort:
      .port(UInt16(truncatingIfNeeded: number))
    case .etherType: .etherType(number % 2 == 0 ? .arp : .ip6)
    case .packetMark, .connectionMark: .mark(number)
    case .packetPriority: .priority(number)
    case .icmpv6Type: .icmpv6Type(.neighbourSolicitation)
    case .tcpFlags: .tcpFlags(.syn)
    case .connectionState: .state(.new)
    case .connectionStatus: .status(.destinationTranslated)
    case .connectionDirection: .direction(number % 2 == 0 ? .original : .reply)
    case .sourceAddressType, .destinationAddressType:
      .addressType(number % 2 == 0 ? .local : .broadcast)
    case .ipv4Option, .ipv6RoutingHeader, .etherGroupDestination, .wayBack: .mark(0)
    }
  }

  /// One of each.
  static func statements(_ random: inout SeededGenerator) -> [Statement] {
    let number = UInt32.random(in: 0...(.max), using: &random)
    let port = UInt16.random(in: 0...(.max), using: &random)
    return [
      .counter, .tagConnection(tag: 0x1000, mask: 0xf000), .tagPacket(tag: 0x1000, mask: 0x1000),
      .setPacketMark(number), .setPacketPriority(number), .setZone(port),
      .dispatch(
        .connectionMark(mask: 0xf000),
        [Branch(.mark(0x1000), goto: "one"), Branch(.mark(0x2000), goto: "two")]),
      .accept, .drop, .return, .goto("one"), .jump("two"), .rejectWithReset,
      .rejectAsProhibited, .redirect(port: port), .tproxy(port: port),
    ]
  }
}
