internal import Addressing
internal import Configuration

/// The chains of sidecar mode, in the order in which they stand in the table.
///
/// Packets are judged once, when a connection begins; its conntrack mark says how, and the rest of
/// the connection goes by the mark. That is not only quicker: packets that the kernel sends for a
/// socket that is gone have no uid any more.
struct SidecarChains {
  let plan: CapturePlan

  private var matches: PlanMatches { PlanMatches(plan: plan) }
  private var mark: ConnectionMark { plan.mark }
  private var capture: Configuration.Capture { plan.capture }
  /// Nil where nothing passes through the pod.
  private var transit: TransitChains? {
    capture.interfaces.treatAsOutbound.isEmpty
      ? nil : TransitChains(plan: plan, interfaces: capture.interfaces.treatAsOutbound)
  }

  var all: [Chain] {
    zones + [natOutput] + natLoopback + natPrerouting
      + SidecarOutputChains(plan: plan).all + [input, inputLoopback, forward]
      + (transit?.all ?? []) + [postrouting]
  }

  /// Conntrack keeps a translation, and the lack of one, per pair of addresses and ports. Without a
  /// zone of its own a question of the sidecar's would open a way for one of the workload's from the
  /// same port. Zones break the original destination of TCP: UDP only.
  private var zones: [Chain] {
    guard capture.dns else { return [] }
    let proxys: Statement = .setZone(1)
    let questions = matches.isProxys.flatMap { isProxys in
      PlanMatches.isToResolver.map {
        Rule([isProxys, $0, .port(.udpDestinationPort, [53])], [proxys])
      }
    }
    let answers = PlanMatches.isFromResolver.map {
      Rule([$0, .port(.udpSourcePort, [53])], [proxys])
    }
    return [
      Chain(
        ChainName.rawOutput, hook: Hook(.filter, .output, priority: -300, policy: .accept),
        [Rule([.leavesOnLoopback], [.return])] + questions),
      Chain(
        ChainName.rawPrerouting,
        hook: Hook(.filter, .prerouting, priority: -300, policy: .accept),
        [Rule([.arrivesOnLoopback], [.return])] + answers),
    ]
  }

  private var natOutput: Chain {
    var rules: [Rule] = []
    if plan.capturesLoopback {
      rules.append(
        Rule([.leavesOnLoopback, .isToCapturedLoopback], [.goto(ChainName.natLoopback)]))
    }
    rules.append(Rule([.leavesOnLoopback], [.return]))
    rules += capture.interfaces.exclude.map { Rule([.leaves(on: $0)], [.return]) }
    rules += matches.isProxys.map { Rule([$0], [.return]) }
    // A connection to a link-local address is bound to its device: redirected to ::1 it would
    // get nowhere and time out. The filter refuses it at once.
    rules.append(Rule([.isToLinkLocal], [.return]))
    if capture.dns {
      rules.append(Rule([.isTCPOrUDP, .isToPort53], redirect(to: plan.ports.dns)))
    } else {
      rules += PlanMatches.isToResolver.map {
        Rule([$0, .port(.tcpDestinationPort, [53])], [.return])
      }
    }
    rules += matches.isExcluded(.tcpDestinationPort).map { Rule([$0], [.return]) }
    rules += matches.isCaptured.map { Rule($0, redirect(to: plan.ports.proxy)) }
    return Chain(
      ChainName.natOutput, hook: Hook(.nat, .output, priority: -100, policy: .accept), rules)
  }

  private func redirect(to port: UInt16) -> [Statement] {
    [matches.tag(mark.captured), .counter, .redirect(port: port)]
  }

  private var natLoopback: [Chain] {
    guard plan.capturesLoopback else { return [] }
    let proxys = matches.isProxys.map { Rule([$0], [.return]) }
    return [
      Chain(
        ChainName.natLoopback,
        proxys + [Rule([.isTCP], redirect(to: plan.ports.proxy)), Rule([], [.return])])
    ]
  }

  private var natPrerouting: [Chain] {
    guard capture.inbound.redirect || transit != nil else { return [] }
    var rules = [Rule([.arrivesOnLoopback], [.return])]
    rules += capture.interfaces.exclude.map { Rule([.arrives(on: $0)], [.return]) }
    rules += transit?.captureRules ?? []
    if capture.inbound.redirect { rules += inboundRedirect }
    return [
      Chain(
        ChainName.natPrerouting,
        hook: Hook(.nat, .prerouting, priority: -100, policy: .accept), rules)
    ]
  }

  private var inboundRedirect: [Rule] {
    let ports = plan.ports
    let own = [ports.proxy, ports.inbound, ports.admin, ports.dns, ports.health]
    var rules = [
      Rule([.port(.tcpDestinationPort, own.filter { $0 != 0 })], [.return]),
      Rule([.isToElsewhere], [.return]),
    ]
    if !capture.inbound.excludePorts.isEmpty {
      rules.append(
        Rule([Match(.tcpDestinationPort, .isIn(set: SetName.directPorts))], [.return]))
    }
    let included =
      capture.inbound.includePorts.isEmpty
      ? .isTCP : Match(.tcpDestinationPort, .isIn(set: SetName.inboundPorts))
    rules.append(
      Rule(
        [included],
        [matches.tag(mark.inbound), .counter, .redirect(port: ports.inbound)]))
    return rules
  }

  private var input: Chain {
    let ports = plan.ports
    var rules = [Rule([.arrivesOnLoopback], [.goto(ChainName.inputLoopback)])]
    if let transit { rules.append(transit.acceptCaptured(matches)) }
    rules.append(
      Rule(
        [.isTCPOrUDP, .port(.transportDestinationPort, [ports.admin, ports.proxy, ports.dns])],
        [.counter, .drop]))
    if capture.inbound.redirect {
      let isToInbound = Match.port(.tcpDestinationPort, [ports.inbound])
      rules += [
        Rule([isToInbound, .isTranslated, matches.isTagged(mark.inbound)], [.counter, .accept]),
        Rule([isToInbound], [.counter, .drop]),
      ]
    }
    rules += capture.interfaces.exclude.map { Rule([.arrives(on: $0)], [.accept]) }
    if capture.dropInvalid { rules.append(Rule([.isInvalid], [.counter, .drop])) }
    rules += [
      // Conntrack picks up a connection in the middle, so that what a server pushes on an old
      // outbound connection looks like the start of an inbound one: only a SYN starts one.
      Rule([.beginsNoTCP], [.accept]),
      Rule([.isNewConnection], [matches.tag(mark.inbound), .counter, .accept]),
    ]
    return Chain(
      ChainName.input, hook: Hook(.filter, .input, priority: 0, policy: .accept), rules)
  }

  /// Behind the reverse translation: what a captured connection gets back carries the address that
  /// the workload meant, which is not ours.
  private var inputLoopback: Chain {
    Chain(
      ChainName.inputLoopback,
      [
        Rule([Match(.sourceAddressType, .is(.addressType(.local)))], [.accept]),
        Rule([.isFromLinkLocal, .isToLinkLocal], [.accept]),
        Rule([matches.isTagged(mark.captured)], [.accept]),
        // The kernel's own resets for refused connections.
        Rule([.isReset], [.counter, .accept]),
        Rule([], [.counter, .drop]),
      ])
  }

  /// A new network namespace inherits ip_forward from the host: it often forwards.
  private var forward: Chain {
    Chain(
      ChainName.forward, hook: Hook(.filter, .forward, priority: 0, policy: .drop),
      // Frames that a raw socket puts on lo pass for the world's.
      transit.map { [Rule([.arrivesOnLoopback], [.counter, .drop])] + $0.forwardRules } ?? [])
  }

  /// A socket bound to a device sends its redirected SYN there, to 127.0.0.1. No earlier hook can
  /// tell: in the output hooks the interface is still the one from before the redirect.
  private var postrouting: Chain {
    Chain(
      ChainName.postrouting,
      hook: Hook(.filter, .postrouting, priority: 1000, policy: .accept),
      [
        Rule([.leavesOnLoopback], [.accept]),
        Rule([Match(.ipv4Destination, .is(.prefix(.wholeLoopback4)))], [.counter, .drop]),
        Rule([Match(.ipv6Destination, .is(.address(.loopback6)))], [.counter, .drop]),
      ])
  }
}

extension CapturePlan {
  /// Some of 127.0.0.0/8 is no loopback to the workload.
  var capturesLoopback: Bool {
    !capture.loopbackCIDRs.contains { $0.contains(.wholeLoopback4) }
  }
}

extension Match {
  static let isToCapturedLoopback = Match(
    .ipv4Destination, .isIn(set: SetName.capturedLoopback4))
}

extension IPAddress {
  fileprivate static let loopback6 = IPAddress.v6(IPv6Address(rawValue: 1))
}
