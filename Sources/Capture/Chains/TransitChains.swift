internal import Addressing
internal import Configuration

/// What holds for packets of others that arrive on certain interfaces to be routed on: a gateway's
/// clients, or machines inside the pod. Their TCP goes to the sidecar, questions to the resolvers
/// and what the document excludes go on, nothing else does.
///
/// Nothing here asks for a uid: the sockets are in other network namespaces. So packets are judged
/// one by one by where they go, and the mark tells only who began the connection.
struct TransitChains {
  let plan: CapturePlan
  let interfaces: [InterfacePattern]
  /// Whether only the sources of the plan may send at all.
  var hasSources: Bool { plan.capture.gateway != nil }
  var method: Configuration.Capture.Gateway.Method { plan.capture.gateway?.method ?? .redirect }

  private var matches: PlanMatches { PlanMatches(plan: plan) }
  private var mark: ConnectionMark { plan.mark }
  private var capture: Configuration.Capture { plan.capture }

  init(plan: CapturePlan, interfaces: [InterfacePattern]) {
    self.plan = plan
    self.interfaces = interfaces
  }

  var all: [Chain] {
    [origin] + (hasSources ? [source] : [])
      + [captureChain, forward] + (hasSources ? [judge] : []) + [inbound]
  }

  // MARK: What the hooks' chains hold

  /// For prerouting.
  var captureRules: [Rule] {
    interfaces.map {
      Rule(
        [.arrives(on: $0)],
        [.goto(hasSources ? ChainName.transitSource : ChainName.transitCapture)])
    }
  }

  /// For forward.
  var forwardRules: [Rule] {
    interfaces.map { Rule([.arrives(on: $0)], [.goto(ChainName.transitForward)]) }
      + interfaces.map { Rule([.leaves(on: $0)], [.goto(ChainName.transitInbound)]) }
  }

  /// For input, in front of the rule that closes the sidecar's ports.
  func acceptCaptured(_ matches: PlanMatches) -> Rule {
    let isCaptured = matches.isTagged(mark.captured)
    return Rule(
      method == .redirect ? [isCaptured, .isTranslated] : [isCaptured], [.counter, .accept])
  }

  // MARK: Before routing

  /// IPv6 lets anyone bind any address. Whatever this host makes of a packet, be it an error that
  /// quotes it, a server's answer or the sidecar's, would go to the forged source.
  private var origin: Chain {
    Chain(
      ChainName.transitOrigin,
      hook: Hook(.filter, .prerouting, priority: -300, policy: .accept),
      [Rule([.isFromNowhere6], [.accept])]
        + interfaces.map { Rule([.arrives(on: $0), .hasNoWayBack], [.counter, .drop]) })
  }

  private var source: Chain {
    Chain(
      ChainName.transitSource,
      sourceMatches.map { Rule([$0], [.goto(ChainName.transitCapture)]) }
        + [Rule([], [.return])])
  }

  private var sourceMatches: [Match] {
    let sources = capture.gateway?.sources ?? []
    let has4 = sources.contains { $0.base.bitWidth == 32 }
    let has6 = sources.contains { $0.base.bitWidth == 128 }
    return (has4 ? [Match(.ipv4Source, .isIn(set: SetName.sources4))] : [])
      + (has6 ? [Match(.ipv6Source, .isIn(set: SetName.sources6))] : [])
  }

  private var captureChain: Chain {
    var rules: [Rule] = []
    if method == .tproxy {
      // Every packet comes here, not only the first one of a connection. What answers a connection
      // from outside goes on; that it is one, the forward hook makes sure of.
      rules.append(Rule([.isReply], [.return]))
      // Nor do connections belong here that began without the sidecar.
      if capture.existingConnections == .keep {
        rules.append(Rule([matches.isTagged(mark.kept)], [.return]))
      }
    }
    rules.append(Rule([.isToUs], [.return]))
    if capture.dns {
      rules += deliver([.isTCPOrUDP, .isToPort53], to: plan.ports.dns)
    } else {
      rules += PlanMatches.isToResolver.map {
        Rule([$0, .port(.tcpDestinationPort, [53])], [.return])
      }
    }
    rules += matches.isExcluded(.tcpDestinationPort).map { Rule([$0], [.return]) }
    for captured in matches.isCaptured { rules += deliver(captured, to: plan.ports.proxy) }
    return Chain(ChainName.transitCapture, rules + [Rule([], [.return])])
  }

  private func deliver(_ matches: [Match], to port: UInt16) -> [Rule] {
    let tag = self.matches.tag(mark.captured)
    switch method {
    case .redirect:
      return [Rule(matches, [tag, .counter, .redirect(port: port)])]
    case .tproxy:
      return [
        Rule(
          matches,
          [
            .tproxy(port: port), .tagPacket(tag: mark.captured, mask: mark.captured), tag,
            .counter, .accept,
          ]),
        // Nobody listens.
        Rule(matches, [.counter, .drop]),
      ]
    }
  }

  // MARK: On the way through

  private var excludedMatches: [Match] { matches.isExcluded(.transportDestinationPort) }

  private var tagsOfAnswered: [UInt32] {
    [mark.inbound] + (capture.dns ? [] : [mark.dns])
      + (excludedMatches.isEmpty ? [] : [mark.excluded])
  }

  private var forward: Chain {
    var rules = Rule.noSourceRoutes
    rules += [
      Rule([.isInvalid], [.counter, .drop]),
      // What answers a connection that was let pass: a server of theirs, reached from elsewhere, or a
      // resolver or excluded server that is one of them. ICMP errors about what came in count as
      // answers too. A SYN alone opens a connection of its own.
      Rule([.isReply, .isSYNAlone], [.goto(ChainName.refuse)]),
    ]
    rules += tagsOfAnswered.map { Rule([.isReply, matches.isTagged($0)], [.counter, .accept]) }
    if hasSources {
      rules += sourceMatches.map { Rule([$0], [.goto(ChainName.transitJudge)]) }
      // IPv6 lets anyone bind any address, and a packet that nobody sent tells nobody anything.
      rules.append(Rule([], [.counter, .drop]))
    } else {
      rules += judgeRules
    }
    return Chain(ChainName.transitForward, rules)
  }

  private var judge: Chain { Chain(ChainName.transitJudge, judgeRules) }

  private var judgeRules: [Rule] {
    var rules: [Rule] = []
    if capture.existingConnections == .keep {
      rules.append(
        Rule([matches.isTagged(mark.kept), .beginsNoTCP], [.counter, .accept]))
    }
    if !capture.dns {
      rules += PlanMatches.isToResolver.map {
        Rule([$0, .isTCPOrUDP, .isToPort53], [matches.tag(mark.dns), .counter, .accept])
      }
    }
    rules += excludedMatches.map {
      Rule([.isTCPOrUDP, $0], [matches.tag(mark.excluded), .counter, .accept])
    }
    return rules + [Rule([], [.goto(ChainName.refuse)])]
  }

  /// From elsewhere, to a server of theirs.
  private var inbound: Chain {
    Chain(
      ChainName.transitInbound,
      [
        Rule([.beginsNoTCP], [.accept]),
        Rule([.isNewConnection], [matches.tag(mark.inbound), .counter, .accept]),
        Rule([], [.accept]),
      ])
  }
}
