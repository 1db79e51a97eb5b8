/// The filter that every packet of this host passes on its way out, and the chains it sends them
/// to. Its policy is drop: what no rule knows doesn't leave.
struct SidecarOutputChains {
  let ports: ProxyPorts
  let mark: ConnectionMark

  var all: [Chain] {
    [
      output, loopback, ownPorts, kernelOnly, icmpOut, captured, proxy, inbound, dns, refuse,
    ]
  }

  private var output: Chain {
    Chain(
      ChainName.output,
      hook: Hook(.filter, .output, priority: 0, policy: .drop),
      [
        Rule([.leavesOnLoopback], [.goto(ChainName.loopback)]),
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
        Rule([Match(.connectionState, .has(.state(.invalid)))], [.counter, .drop]),
        // IPv6 lets anyone bind any address: an answer to a forged source would leave as a reply.
        Rule([.comesFromElsewhere], [.counter, .drop]),
        // Whoever forwards by these sends the packet to an address that no rule here sees.
        Rule([Match(.ipv4Option(.looseSourceRoute), .exists)], [.counter, .drop]),
        Rule([Match(.ipv4Option(.strictSourceRoute), .exists)], [.counter, .drop]),
        Rule([Match(.ipv6RoutingHeader, .exists)], [.counter, .drop]),
        // Before the mark: an ICMP error belongs to the connection that it quotes.
        Rule(
          [
            Match(
              .layer4Protocol, .isOneOf([.layer4Protocol(.icmp), .layer4Protocol(.icmpv6)]))
          ],
          [.goto(ChainName.icmpOut)]),
        Rule(
          [],
          [
            .dispatch(
              .connectionMark(mask: mark.mask),
              [
                Branch(.mark(mark.captured), goto: ChainName.captured),
                Branch(.mark(mark.proxy), goto: ChainName.proxy),
                Branch(.mark(mark.inbound), goto: ChainName.inbound),
                Branch(.mark(mark.dns), goto: ChainName.dns),
              ])
          ]),
        Rule(
          [.isProxys, .isTCP],
          [.tagConnection(tag: mark.proxy, mask: mark.mask), .counter, .accept]),
        Rule([.isToResolver4, .isTCPOrUDP, .isToPort53, .isNewConnection], tagAsDNS),
        Rule([.isToResolver6, .isTCPOrUDP, .isToPort53, .isNewConnection], tagAsDNS),
        Rule([], [.goto(ChainName.refuse)]),
      ])
  }

  private var tagAsDNS: [Statement] {
    [.tagConnection(tag: mark.dns, mask: mark.mask), .counter, .accept]
  }

  private var loopback: Chain {
    Chain(
      ChainName.loopback,
      [
        Rule(
          [.port(.tcpDestinationPort, [ports.admin, ports.inbound])],
          [.goto(ChainName.ownPorts)]),
        // Asked on lo, the routing tables don't know our own link-local addresses. Nobody forwards
        // such packets, and the answer to a forged one goes untagged, hence nowhere.
        Rule([.isFromLinkLocal, .isToLinkLocal], [.counter, .accept]),
        Rule([.comesFromElsewhere, .isAnyones], [.counter, .drop]),
        // The kernel's resets for refused connections come from the address that was dialled.
        Rule([.comesFromElsewhere, .isReset], [.counter, .accept]),
        Rule([.comesFromElsewhere], [.counter, .drop]),
        Rule(
          [Match(.destinationAddressType, .isNot(.addressType(.local)))], [.counter, .drop]),
        Rule([], [.counter, .accept]),
      ])
  }

  /// The sidecar's ports that are not for the workload.
  private var ownPorts: Chain {
    Chain(ChainName.ownPorts, onlyForProxy)
  }

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
        Rule([.isAnyones], [.counter, .rejectAsProhibited]),
        Rule([Match(.connectionState, .has(.state(.related)))], [.counter, .accept]),
        // Answers to pings.
        Rule(
          [
            Match(.connectionDirection, .is(.direction(.reply))),
            Match(.connectionMark(mask: mark.mask), .is(.mark(mark.inbound))),
          ],
          [.counter, .accept]),
        Rule([], [.counter, .drop]),
      ])
  }

  private var captured: Chain {
    Chain(
      ChainName.captured,
      [
        Rule(
          [.isTCP, Match(.connectionStatus, .has(.status(.destinationTranslated)))],
          [.counter, .accept]),
        Rule([], [.counter, .drop]),
      ])
  }

  /// The mark alone proves little: conntrack remembers an unanswered SYN of the sidecar's for two
  /// minutes, and the workload may take the port that it came from.
  private var proxy: Chain {
    Chain(ChainName.proxy, onlyForProxy)
  }

  /// A single test for "not the proxy's uid" would let through whatever has no uid.
  private var onlyForProxy: [Rule] {
    [
      Rule([.isProxys], [.counter, .accept]),
      Rule([.isTCP, .isAnyones], [.counter, .rejectWithReset]),
      // No uid: a socket without a file, which may begin nothing, or one that is gone, whose last
      // segments may pass.
      Rule([.hasSYN], [.counter, .rejectWithReset]),
      Rule([], [.counter, .accept]),
    ]
  }

  private var inbound: Chain {
    Chain(
      ChainName.inbound,
      [
        Rule(
          [Match(.connectionDirection, .is(.direction(.original)))], [.goto(ChainName.refuse)]),
        // A server answers with SYN and ACK; a SYN alone opens a connection of its own.
        Rule(
          [Match(.tcpFlags(among: [.syn, .ack]), .is(.tcpFlags(.syn)))],
          [.goto(ChainName.refuse)]),
        Rule([], [.counter, .accept]),
      ])
  }

  /// Looks again, so that a resolver that a later apply doesn't name any more is cut off.
  private var dns: Chain {
    Chain(
      ChainName.dns,
      [
        Rule([.isToResolver4], [.counter, .accept]),
        Rule([.isToResolver6], [.counter, .accept]),
        Rule([], [.goto(ChainName.refuse)]),
      ])
  }

  private var refuse: Chain {
    Chain(
      ChainName.refuse,
      [
        Rule([.isTCP], [.counter, .rejectWithReset]),
        // Nobody waits for an answer to a group report.
        Rule([Match(.layer4Protocol, .is(.layer4Protocol(.igmp)))], [.counter, .drop]),
        Rule([], [.counter, .rejectAsProhibited]),
      ])
  }
}

extension Match {
  fileprivate static let isToPort53 = Match.port(.transportDestinationPort, [53])
}
