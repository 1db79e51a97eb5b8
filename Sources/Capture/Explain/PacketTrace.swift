internal import Addressing

extension Explanation {
  /// Follows the packet through the rules: all of them, whoever's, that are given.
  ///
  /// - Parameters:
  ///   - interface: where the routing tables send the packet: of this host's own packets and of what
  ///     is forwarded. Not looked at for what reaches this host.
  ///   - addresses: which addresses are this host's.
  package init(
    of packet: Packet, leavingOn interface: String, addresses: HostAddresses = HostAddresses(),
    under rulesets: [Ruleset]
  ) {
    var trace = PacketTrace(packet, leavingOn: interface, addresses: addresses, rulesets)
    let verdict = trace.run()
    self.init(
      packet: packet, verdict: verdict, notice: trace.notice(of: verdict), steps: trace.steps,
      decidingIndex: trace.decidingIndex(of: verdict))
  }
}

/// A packet's way from where it begins to where it ends, through the hooks in the kernel's order.
private struct PacketTrace {
  private let rulesets: [Ruleset]
  private let interface: String
  private var underway: PacketUnderway
  private(set) var steps: [Step] = []
  /// The hook at which the packet was last.
  private var lastPoint: Hook.Point?

  init(
    _ packet: Packet, leavingOn interface: String, addresses: HostAddresses,
    _ rulesets: [Ruleset]
  ) {
    self.rulesets = rulesets
    self.interface = interface
    underway = PacketUnderway(packet, addresses: addresses)
  }

  mutating func run() -> Verdict {
    if case .interface(let name) = underway.packet.origin { return arrive(on: name) }
    if let end = pass(.output, in: nil, out: interface) { return end }
    // Only now does the redirect change the way out.
    let isRedirected = underway.capturedPort != nil
    // One that is held on its interface goes to the loopback address from there, if a default route
    // leads that way; IPv6 without one fails with ENETUNREACH at this point.
    let out =
      isRedirected && !underway.packet.isBoundToInterface
      ? HostAddresses.loopbackInterface : interface
    if let end = leave(in: nil, out: out) { return end }
    guard out == HostAddresses.loopbackInterface else { return .leaves(interface: out) }
    // The socket lets go of its packet there.
    underway.socket = nil
    return arrive(on: out)
  }

  private mutating func arrive(on name: String) -> Verdict {
    if let end = pass(.prerouting, in: name, out: nil) { return end }
    underway.outputInterface = nil
    let loopback = HostAddresses.loopbackInterface
    // The kernel takes such a packet for a forgery, whatever the rules say.
    if name != loopback, !underway.isHandedOver, underway.packet.destination.isLoopback {
      return .dropped
    }
    if underway.isHandedOver || underway.isDestinationOwn {
      if let end = pass(.input, in: name, out: nil) { return end }
      return underway.capturedPort.map { .captured(port: $0) } ?? .reachesThisHost
    }
    if let end = pass(.forward, in: name, out: interface) { return end }
    if let end = leave(in: name, out: interface) { return end }
    return .leaves(interface: interface)
  }

  private mutating func leave(in input: String?, out: String) -> Verdict? {
    if let end = pass(.postrouting, in: input, out: out) { return end }
    return pass(.egress, in: input, out: out)
  }

  /// One hook: every chain that hangs there. Nil where the packet goes on.
  private mutating func pass(_ point: Hook.Point, in input: String?, out: String?) -> Verdict? {
    lastPoint = point
    underway.inputInterface = input
    underway.outputInterface = out
    for (ruleset, chain, hook) in chains(at: point, out: out) {
      if hook.order >= connectionTracking { underway.isTracked = true }
      if hook.kind == .nat, underway.isTranslationDecided { continue }
      var walk = ChainWalk(chain, hook, of: ruleset)
      let outcome = walk.run(&underway)
      steps += walk.steps
      switch outcome {
      case .goesOn: continue
      case .dropped: return .dropped
      case .refused(let refusal): return .refused(refusal)
      }
    }
    underway.isTracked = true
    // Whoever looked for a translation at the first hook and found none has decided for none.
    if point == .output || point == .prerouting { underway.isTranslationDecided = true }
    return nil
  }

  private func chains(at point: Hook.Point, out: String?) -> [(Ruleset, Chain, Hook)] {
    var chains: [(Ruleset, Chain, Hook)] = []
    for ruleset in rulesets {
      for chain in ruleset.chains {
        guard let hook = chain.hook, hook.point == point else { continue }
        if point == .egress, !hook.devices.contains(out ?? "") { continue }
        chains.append((ruleset, chain, hook))
      }
    }
    // Stable, as the kernel's order is, and NAT chains among themselves by their own priority.
    return chains.enumerated().sorted {
      let (one, other) = ($0.element.2, $1.element.2)
      return (one.order, one.priority, $0.offset) < (other.order, other.priority, $1.offset)
    }.map(\.element)
  }

  /// NF_IP_PRI_CONNTRACK: rules before it see no connection.
  private let connectionTracking: Int32 = -200
}

extension Hook {
  /// All NAT chains of a hook run together, at NF_IP_PRI_NAT_DST or NF_IP_PRI_NAT_SRC.
  fileprivate var order: Int32 {
    guard kind == .nat else { return priority }
    return point == .prerouting || point == .output ? -100 : 100
  }
}

// MARK: What it means

extension PacketTrace {
  func notice(of verdict: Verdict) -> Notice? {
    // A chain on the way out gives its verdict to the system call that sends. TCP doesn't pass it
    // on, it sends again; and ICMPv6 sockets don't. Past these hooks nobody is told.
    let isCallTold =
      underway.packet.isLocallyMade && (lastPoint == .output || lastPoint == .postrouting)
      && !underway.packet.isTCP && !underway.packet.isICMPv6
    switch verdict {
    case .captured, .leaves, .reachesThisHost: return nil
    case .refused(let refusal):
      if isCallTold { return .notPermitted }
      guard doesArrive(refusal) else { return Notice.none }
      return refusal == .reset ? .connectionRefused : .prohibited
    case .dropped: return isCallTold ? .notPermitted : Notice.none
    }
  }

  /// The answer is a packet of this host's, which meets the rules too.
  private func doesArrive(_ refusal: Refusal) -> Bool {
    guard let sender = underway.packet.source else { return true }
    let interface: String
    switch underway.packet.origin {
    case .interface(let name): interface = name
    case .socket, .kernel:
      // To whoever has the forged address.
      guard underway.addresses.isOwn(sender, on: nil) else { return false }
      interface = HostAddresses.loopbackInterface
    }
    let packet = underway.packet
    // The kernel attaches it to the connection that it is about (nf_ct_attach).
    var connection = packet.connection
    connection?.state = .related
    connection?.direction = .reply
    let answer =
      switch refusal {
      case .reset:
        Packet(
          from: .kernel, protocolNumber: packet.protocolNumber, source: packet.destination,
          sourcePort: packet.destinationPort, to: sender, port: packet.sourcePort,
          tcpFlags: [.rst, .ack], connection: connection)
      case .prohibited:
        Packet(
          from: .kernel,
          protocolNumber: (sender.bitWidth == 32 ? InternetProtocol.icmp : .icmpv6).rawValue,
          to: sender, icmpType: sender.bitWidth == 32 ? 3 : 1, connection: connection)
      }
    var trace = PacketTrace(
      answer, leavingOn: interface, addresses: underway.addresses, rulesets)
    switch trace.run() {
    case .leaves, .reachesThisHost: return true
    case .captured, .refused, .dropped: return false
    }
  }

  /// Of a packet that passes many chains accept it: the one meant is that of the filter on its way
  /// out, of what arrives that of the way in or through.
  func decidingIndex(of verdict: Verdict) -> Int? {
    switch verdict {
    case .captured:
      return steps.lastIndex {
        $0.effects.contains {
          switch $0 {
          case .redirected, .handedOver: true
          default: false
          }
        }
      }
    case .refused: return steps.indices.last
    case .dropped: return steps.last?.effects.contains(.dropped) == true ? steps.count - 1 : nil
    case .leaves, .reachesThisHost:
      let points: [Hook.Point] = underway.packet.isLocallyMade ? [.output] : [.input, .forward]
      let accepting = steps.indices.filter {
        points.contains(steps[$0].point) && steps[$0].effects.contains(.accepted)
      }
      return accepting.last { steps[$0].rule != nil } ?? accepting.last
    }
  }
}
