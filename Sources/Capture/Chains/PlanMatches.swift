internal import Addressing
internal import Configuration

/// The questions that chains of more than one kind ask of a packet, as the plan answers them. Where
/// one is a list, each of its matches is a way to say yes and becomes a rule of its own.
struct PlanMatches {
  let plan: CapturePlan

  /// A socket of the sidecar's sent it.
  var isProxys: [Match] {
    let byUID = Match(.socketUID, .isIn(set: SetName.proxyUIDs))
    guard !plan.capture.proxyGIDs.isEmpty else { return [byUID] }
    return [byUID, Match(.socketGID, .isIn(set: SetName.proxyGIDs))]
  }

  static let isToResolver = [
    Match(.ipv4Destination, .isIn(set: SetName.resolvers4)),
    Match(.ipv6Destination, .isIn(set: SetName.resolvers6)),
  ]

  static let isFromResolver = [
    Match(.ipv4Source, .isIn(set: SetName.resolvers4)),
    Match(.ipv6Source, .isIn(set: SetName.resolvers6)),
  ]

  /// To what the document excludes; `port` reads the destination port.
  func isExcluded(_ port: Selector) -> [Match] {
    let outbound = plan.capture.outbound
    return listed(port, outbound.excludePorts, SetName.excludedPorts)
      + listed(outbound.excludeCIDRs, SetName.excluded4, SetName.excluded6)
  }

  /// TCP that goes to the sidecar, as the matches of one rule each.
  var isCaptured: [[Match]] {
    let outbound = plan.capture.outbound
    let included =
      listed(.tcpDestinationPort, outbound.includePorts, SetName.includedPorts).map { [$0] }
      + listed(outbound.includeCIDRs, SetName.included4, SetName.included6).map { [$0, .isTCP] }
    return included.isEmpty ? [[.isTCP]] : included
  }

  private func listed(
    _ port: Selector, _ ports: [ClosedRange<UInt16>], _ set: String
  ) -> [Match] {
    ports.isEmpty ? [] : [Match(port, .isIn(set: set))]
  }

  /// A family of which nothing is listed has no set.
  private func listed(_ blocks: [CIDR], _ set4: String, _ set6: String) -> [Match] {
    let has4 = blocks.contains { $0.base.bitWidth == 32 }
    let has6 = blocks.contains { $0.base.bitWidth == 128 }
    return (has4 ? [Match(.ipv4Destination, .isIn(set: set4))] : [])
      + (has6 ? [Match(.ipv6Destination, .isIn(set: set6))] : [])
  }

  /// What happens to packets that aren't TCP and that no rule let pass.
  var nonTCP: [Statement] {
    switch plan.capture.nonTCP {
    case .reject: [.counter, .rejectAsProhibited]
    case .drop: [.counter, .drop]
    case .allow: [.counter, .accept]
    }
  }

  /// Marks the connection with one of our tags.
  func tag(_ tag: UInt32) -> Statement { .tagConnection(tag: tag, mask: plan.mark.mask) }

  func isTagged(_ tag: UInt32) -> Match {
    Match(.connectionMark(mask: plan.mark.mask), .is(.mark(tag)))
  }
}

extension Match {
  static let leavesOnLoopback = Match(.outputInterface, .is(.interface("lo")))
  static let arrivesOnLoopback = Match(.inputInterface, .is(.interface("lo")))
  /// Some process's socket sent it. A uid range is the only way to ask: any uid is in it, and a
  /// packet without a socket's file has none.
  static let isAnyones = Match(.socketUID, .isBetween(.uid(0), .uid(.max)))
  static let isTCP = Match(.layer4Protocol, .is(.layer4Protocol(.tcp)))
  static let isNotTCP = Match(.layer4Protocol, .isNot(.layer4Protocol(.tcp)))
  static let isTCPOrUDP = Match(
    .layer4Protocol, .isOneOf([.layer4Protocol(.tcp), .layer4Protocol(.udp)]))
  static let isICMP = Match(
    .layer4Protocol, .isOneOf([.layer4Protocol(.icmp), .layer4Protocol(.icmpv6)]))
  static let isToPort53 = Match.port(.transportDestinationPort, [53])
  static let isNewConnection = Match(.connectionState, .has(.state(.new)))
  static let isInvalid = Match(.connectionState, .has(.state(.invalid)))
  static let isRelated = Match(.connectionState, .has(.state(.related)))
  static let isReply = Match(.connectionDirection, .is(.direction(.reply)))
  static let isTranslated = Match(.connectionStatus, .has(.status(.destinationTranslated)))
  static let hasSYN = Match(.tcpFlags(among: .syn), .is(.tcpFlags(.syn)))
  /// It opens a connection: a server's answer has SYN and ACK.
  static let isSYNAlone = Match(.tcpFlags(among: [.syn, .ack]), .is(.tcpFlags(.syn)))
  static let isReset = Match(.tcpFlags(among: .rst), .is(.tcpFlags(.rst)))
  /// TCP that doesn't begin a connection.
  static let beginsNoTCP = Match(
    .tcpFlags(among: [.fin, .syn, .rst, .ack]), .isNot(.tcpFlags(.syn)))
  static let comesFromElsewhere = Match(.sourceAddressType, .isNot(.addressType(.local)))
  static let isToUs = Match(.destinationAddressType, .is(.addressType(.local)))
  static let isToElsewhere = Match(.destinationAddressType, .isNot(.addressType(.local)))
  static let hasNoWayBack = Match(.wayBack, .isMissing)
  /// It has no address yet, and nobody can answer it.
  static let isFromNowhere6 = Match(
    .ipv6Source, .is(.address(.v6(IPv6Address(rawValue: 0)))))
  static let isFromLinkLocal = Match(.ipv6Source, .is(.prefix(.linkLocal6)))
  static let isToLinkLocal = Match(.ipv6Destination, .is(.prefix(.linkLocal6)))

  static func leaves(on pattern: InterfacePattern) -> Match {
    Match(.outputInterface, .is(.interface(pattern)))
  }

  static func arrives(on pattern: InterfacePattern) -> Match {
    Match(.inputInterface, .is(.interface(pattern)))
  }

  /// Ports in any order; one is compared, several are looked up.
  static func port(_ selector: Selector, _ ports: [UInt16]) -> Match {
    let ports = Set(ports).sorted()
    return ports.count == 1
      ? Match(selector, .is(.port(ports[0])))
      : Match(selector, .isOneOf(ports.map { .port($0) }))
  }
}

extension Value {
  fileprivate static func interface(_ pattern: InterfacePattern) -> Value {
    pattern.isPrefix ? .interfacePrefix(pattern.name) : .interface(pattern.name)
  }
}

extension Rule {
  /// Whoever forwards by these sends the packet to an address that no rule here sees.
  static let noSourceRoutes = [
    Rule([Match(.ipv4Option(.looseSourceRoute), .exists)], [.counter, .drop]),
    Rule([Match(.ipv4Option(.strictSourceRoute), .exists)], [.counter, .drop]),
    Rule([Match(.ipv6RoutingHeader, .exists)], [.counter, .drop]),
  ]
}
