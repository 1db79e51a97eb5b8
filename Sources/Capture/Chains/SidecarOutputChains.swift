internal import Configuration

/// The filter that every packet of this host passes on its way out, and the chains it sends them
/// to. Its policy is drop: what no rule knows doesn't leave.
struct SidecarOutputChains {
  let plan: CapturePlan

  private var matches: PlanMatches { PlanMatches(plan: plan) }
  private var mark: ConnectionMark { plan.mark }
  private var capture: Configuration.Capture { plan.capture }

  var all: [Chain] {
    [output, loopback] + otherLoopback
      + [ownPorts, kernelOnly, icmpOut, captured, proxy, inbound]
      + dns + excluded + kept + [RefuseChain(plan: plan).chain]
  }

  private var output: Chain {
    var rules = [Rule([.leavesOnLoopback], [.goto(ChainName.loopback)])]
    rules += capture.interfaces.exclude.map { Rule([.leaves(on: $0)], [.counter, .accept]) }
    rules += [
      Rule(
        [
          Match(
            .icmpv6Type,
            .isOneOf([
              .icmpv6Type(.multicastListenerReport), .icmpv6Type(.multicastListenerDone),
              .icmpv6Type(.routerSolicitation), .icmpv6Type(.neighbourSolicitation),
              .icmpv6Type(.neighbourAdvertisement), .icmpv6Type(.multicastListenerReport2),
            ]))
        ],
        [.goto(ChainName.kernelOnly)]),
      Rule([.isInvalid], [.counter, .drop]),
    ]
    rules += resetsForTransit
    rules += [
      // IPv6 lets anyone bind any address: an answer to a forged source would leave as a reply.
      Rule([.comesFromElsewhere], [.counter, .drop])
    ]
    rules += Rule.noSourceRoutes
    rules += [
      // Before the mark: an ICMP error belongs to the connection that it quotes.
      Rule([.isICMP], [.goto(ChainName.icmpOut)])
    ]
    return Chain(
      ChainName.output, hook: Hook(.filter, .output, priority: 0, policy: .drop),
      rules + byMark + newConnections + [Rule([], [.goto(ChainName.refuse)])])
  }

  /// The kernel refuses a connection of a machine within the pod by a reset that seems to come from
  /// where the machine wanted to go.
  private var resetsForTransit: [Rule] {
    capture.interfaces.treatAsOutbound.flatMap { pattern in
      [
        Rule([.leaves(on: pattern), .comesFromElsewhere, .isAnyones], [.counter, .drop]),
        Rule([.leaves(on: pattern), .comesFromElsewhere, .isReset], [.counter, .accept]),
      ]
    }
  }

  /// Not one rule with a verdict map: while a transaction replaces the table, a packet that came
  /// under the old rules finds the old map empty already, and would be refused; a connection that
  /// was allowed would be reset.
  private var byMark: [Rule] {
    var branches = [
      (mark.captured, ChainName.captured), (mark.proxy, ChainName.proxy),
      (mark.inbound, ChainName.inbound),
    ]
    if !capture.dns { branches.append((mark.dns, ChainName.dns)) }
    if !excludedMatches.isEmpty { branches.append((mark.excluded, ChainName.excluded)) }
    if capture.existingConnections == .keep { branches.append((mark.kept, ChainName.kept)) }
    return branches.map { Rule([matches.isTagged($0)], [.goto($1)]) }
  }

  /// The first packet of a connection that wasn't redirected.
  private var newConnections: [Rule] {
    let tagAsProxy = [matches.tag(mark.proxy), .counter, .accept]
    var rules = matches.isProxys.map { Rule([$0, .isTCP], tagAsProxy) }
    if capture.dns {
      // The DNS proxy asks over UDP; nothing else of the sidecar's does.
      for isProxys in matches.isProxys {
        rules += PlanMatches.isToResolver.map {
          Rule([isProxys, $0, .port(.udpDestinationPort, [53]), .isNewConnection], tagAsProxy)
        }
      }
    } else {
      rules += PlanMatches.isToResolver.map {
        Rule(
          [$0, .isTCPOrUDP, .isToPort53, .isNewConnection],
          [matches.tag(mark.dns), .counter, .accept])
      }
    }
    rules += excludedMatches.map {
      Rule([.isTCPOrUDP, $0, .isNewConnection], [matches.tag(mark.excluded), .counter, .accept])
    }
    return rules
  }

  private var excludedMatches: [Match] { matches.isExcluded(.transportDestinationPort) }

  private var loopback: Chain {
    var rules = [
      // The admin port is like any server's here: the admin server asks for the uid itself.
      Rule([.port(.tcpDestinationPort, [plan.ports.inbound])], [.goto(ChainName.ownPorts)]),
      // Asked on lo, the routing tables don't know our own link-local addresses. Nobody forwards
      // such packets, and the answer to a forged one goes untagged, hence nowhere.
      Rule([.isFromLinkLocal, .isToLinkLocal], [.counter, .accept]),
      Rule([.comesFromElsewhere, .isAnyones], [.counter, .drop]),
      // The kernel's resets for refused connections come from the address that was dialled.
      Rule([.comesFromElsewhere, .isReset], [.counter, .accept]),
      Rule([.comesFromElsewhere], [.counter, .drop]),
      Rule([.isToElsewhere], [.counter, .drop]),
    ]
    if !otherLoopback.isEmpty {
      rules.append(Rule([.isToCapturedLoopback], [.goto(ChainName.otherLoopback)]))
    }
    return Chain(ChainName.loopback, rules + [Rule([], [.counter, .accept])])
  }

  /// Loopback addresses that are captured like the world's: what gets here was not redirected.
  private var otherLoopback: [Chain] {
    guard plan.capturesLoopback else { return [] }
    var rules = [Rule([.isReply], [.counter, .accept])]
    rules += matches.isProxys.map { Rule([$0], [.counter, .accept]) }
    return [Chain(ChainName.otherLoopback, rules + [Rule([], [.goto(ChainName.refuse)])])]
  }

  /// The sidecar's port that is not for the workload.
  private var ownPorts: Chain { Chain(ChainName.ownPorts, onlyForProxy) }

  private var kernelOnly: Chain {
    Chain(
      ChainName.kernelOnly,
      [
        Rule([.isAnyones], [.counter, .drop]),
        Rule([], [.counter, .accept]),
      ])
  }

  private var icmpOut: Chain {
    Chain(
      ChainName.icmpOut,
      [
        Rule([.isAnyones], matches.nonTCP),
        Rule([.isRelated], [.counter, .accept]),
        // Answers to pings.
        Rule([.isReply, matches.isTagged(mark.inbound)], [.counter, .accept]),
        Rule([], [.counter, .drop]),
      ])
  }

  private var captured: Chain {
    Chain(
      ChainName.captured,
      [
        Rule([capture.dns ? .isTCPOrUDP : .isTCP, .isTranslated], [.counter, .accept]),
        Rule([], [.counter, .drop]),
      ])
  }

  /// The mark alone proves little: conntrack remembers an unanswered SYN of the sidecar's for two
  /// minutes, and the workload may take the port that it came from.
  private var proxy: Chain { Chain(ChainName.proxy, onlyForProxy) }

  /// A single test for "not the proxy's uid" would let through whatever has no uid.
  private var onlyForProxy: [Rule] {
    matches.isProxys.map { Rule([$0], [.counter, .accept]) } + [
      Rule([.isAnyones], [.goto(ChainName.refuse)]),
      // No uid: a socket without a file, which may begin nothing, or one that is gone, whose last
      // segments may pass.
      Rule([.hasSYN], [.goto(ChainName.refuse)]),
      Rule([], [.counter, .accept]),
    ]
  }

  private var inbound: Chain {
    Chain(
      ChainName.inbound,
      [
        Rule(
          [Match(.connectionDirection, .is(.direction(.original)))], [.goto(ChainName.refuse)]),
        Rule([.isSYNAlone], [.goto(ChainName.refuse)]),
        Rule([], [.counter, .accept]),
      ])
  }

  /// Looks again, so that a resolver that a later apply doesn't name any more is cut off.
  private var dns: [Chain] {
    guard !capture.dns else { return [] }
    let rules = PlanMatches.isToResolver.map { Rule([$0], [.counter, .accept]) }
    return [Chain(ChainName.dns, rules + [Rule([], [.goto(ChainName.refuse)])])]
  }

  /// Looks again, likewise.
  private var excluded: [Chain] {
    guard !excludedMatches.isEmpty else { return [] }
    let rules = excludedMatches.map { Rule([.isTCPOrUDP, $0], [.counter, .accept]) }
    return [Chain(ChainName.excluded, rules + [Rule([], [.goto(ChainName.refuse)])])]
  }

  private var kept: [Chain] {
    guard capture.existingConnections == .keep else { return [] }
    return [KeptChain.chain]
  }
}

/// Connections that were there before the rules: they go on and begin nothing.
enum KeptChain {
  static let chain = Chain(
    ChainName.kept,
    [
      Rule([.isSYNAlone], [.goto(ChainName.refuse)]),
      Rule([.isTCP], [.counter, .accept]),
      Rule([], [.goto(ChainName.refuse)]),
    ])
}

/// The end of everything that may not leave.
struct RefuseChain {
  let plan: CapturePlan

  var chain: Chain {
    var rules = [Rule([.isTCP], [.counter, .rejectWithReset])]
    if plan.capture.nonTCP != .allow {
      // Nobody waits for an answer to a group report.
      rules.append(
        Rule([Match(.layer4Protocol, .is(.layer4Protocol(.igmp)))], [.counter, .drop]))
    }
    return Chain(
      ChainName.refuse, rules + [Rule([], PlanMatches(plan: plan).nonTCP)])
  }
}
