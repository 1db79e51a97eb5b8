import Addressing
import Testing

@testable import Capture

/// How chains, hooks and statements work, on rulesets made for it. That the kernel agrees is shown
/// with real packets in the integration tests.
@Suite("A packet is followed through the rules as the kernel does it")
struct ExplainWalkTests {
  private static let output = Hook(.filter, .output, priority: 0, policy: .accept)
  private static let everything = Rule([], [.drop])

  private func explain(
    _ chains: [Chain], sets: [NamedSet] = [], family: TableFamily = .inet,
    packet: Packet = .tcp(), on interface: String = "eth0",
    addresses: HostAddresses = HostAddresses()
  ) -> Explanation {
    Explanation(
      of: packet, leavingOn: interface, addresses: addresses,
      under: [Ruleset(table: TableIdentity(family, "test"), sets: sets, chains: chains)])
  }

  @Test("Without rules a packet leaves, and nobody decided")
  func noRules() {
    let explanation = Explanation(of: .tcp(), leavingOn: "eth0", under: [])
    #expect(explanation.verdict == .leaves(interface: "eth0"))
    #expect(explanation.deciding == nil)
    #expect(explanation.text.hasSuffix("No rule sees it.\n"))
  }

  @Test("The policy decides what no rule did")
  func policy() {
    let drop = Hook(.filter, .output, priority: 0, policy: .drop)
    let explanation = explain([Chain("out", hook: drop, [])])
    #expect(explanation.verdict == .dropped)
    #expect(explanation.deciding?.text == "policy drop")
    #expect(explanation.deciding?.rule == nil)
  }

  @Test("A jump comes back, a goto goes back to the last jump, and past it to the policy")
  func jumpAndGoto() {
    let mark = { Rule([], [.setPacketMark($0)]) }
    let jumped = explain([
      Chain("out", hook: Self.output, [Rule([], [.jump("one")]), mark(3)]),
      Chain("one", [mark(1), Rule([], [.goto("two")]), mark(9)]),
      Chain("two", [mark(2)]),
    ])
    #expect(jumped.marks == [1, 2, 3])
    let gone = explain([
      Chain("out", hook: Self.output, [Rule([], [.goto("one")]), mark(9)]),
      Chain("one", [mark(1), Rule([], [.return]), mark(9)]),
    ])
    #expect(gone.marks == [1])
    #expect(gone.steps.last?.text == "policy accept")
    #expect(gone.steps.last?.chain == "out")
  }

  @Test("A dispatch goes where the value leads, and on to the next rule where it leads nowhere")
  func dispatch() {
    let dispatch = Rule(
      [], [.dispatch(.packetMark, [Branch(.mark(7), goto: "seven"), Branch(.mark(8), goto: "no")])])
    let chains = [
      Chain("out", hook: Self.output, [dispatch, Rule([], [.rejectAsProhibited])]),
      Chain("seven", [Rule([], [.accept])]), Chain("no", [Self.everything]),
    ]
    var packet = Packet.tcp()
    #expect(explain(chains, packet: packet).verdict == .refused(.prohibited))
    packet.mark = 7
    #expect(explain(chains, packet: packet).verdict == .leaves(interface: "eth0"))
    #expect(explain(chains, packet: packet).deciding?.chain == "seven")
  }

  @Test("Accepting ends one chain with a hook, not those behind it")
  func acceptIsNotTheEnd() {
    let later = Hook(.filter, .output, priority: 10, policy: .accept)
    let explanation = explain([
      Chain("later", hook: later, [Rule([], [.rejectWithReset])]),
      Chain("first", hook: Self.output, [Rule([], [.accept])]),
    ])
    #expect(explanation.steps.map(\.chain) == ["first", "later"])
    #expect(explanation.verdict == .refused(.reset))
    #expect(explanation.notice == .connectionRefused)
  }

  @Test("No connection is seen before priority -200, nor by a packet that isn't tracked")
  func tracking() {
    let raw = Hook(.filter, .output, priority: -300, policy: .accept)
    let isNew = Rule([Match(.connectionState, .has(.state(.new)))], [.drop])
    let isInvalid = Rule([Match(.connectionState, .has(.state(.invalid)))], [.drop])
    let isUnmarked = Rule([Match(.connectionMark(mask: 0xf), .is(.mark(0)))], [.drop])
    let isMarked = Rule([Match(.connectionMark(mask: 0xf), .isNot(.mark(0)))], [.drop])
    #expect(!explain([Chain("raw", hook: raw, [isNew])]).isDropped)
    #expect(explain([Chain("raw", hook: raw, [isInvalid])]).isDropped)
    #expect(explain([Chain("out", hook: Self.output, [isNew])]).isDropped)
    #expect(explain([Chain("out", hook: Self.output, [isUnmarked])]).isDropped)
    var untracked = Packet.tcp()
    untracked.connection = nil
    for rule in [isNew, isInvalid, isUnmarked, isMarked] {
      #expect(!explain([Chain("out", hook: Self.output, [rule])], packet: untracked).isDropped)
    }
  }

  @Test("A redirect keeps the way out until postrouting, and NAT decides once")
  func redirect() {
    let nat = Hook(.nat, .output, priority: -100, policy: .accept)
    let natIn = Hook(.nat, .prerouting, priority: -100, policy: .accept)
    let post = Hook(.filter, .postrouting, priority: 0, policy: .accept)
    let input = Hook(.filter, .input, priority: 0, policy: .accept)
    let chains = [
      Chain("nat", hook: nat, [Rule([], [.redirect(port: 1)]), Self.everything]),
      Chain("nat2", hook: nat, [Self.everything]),
      Chain("natin", hook: natIn, [Self.everything]),
      Chain(
        "out", hook: Self.output,
        [
          Rule(
            [
              Match(.outputInterface, .is(.interface("eth0"))),
              Match(.ipv4Destination, .is(.prefix(.wholeLoopback4))),
              Match(.tcpDestinationPort, .is(.port(1))),
              Match(.connectionStatus, .has(.status(.destinationTranslated))),
            ], [.setPacketMark(1)])
        ]),
      Chain(
        "post", hook: post, [Rule([Match(.outputInterface, .is(.interface("lo")))], [.accept])]),
      Chain(
        "in", hook: input,
        [
          Rule([Match(.socketUID, .isBetween(.uid(0), .uid(.max)))], [.drop]),
          Rule([Match(.inputInterface, .is(.interface("lo")))], [.accept]),
        ]),
    ]
    let explanation = explain(chains)
    #expect(explanation.verdict == .captured(port: 1))
    #expect(explanation.deciding?.chain == "nat")
    #expect(explanation.steps.map(\.chain) == ["nat", "out", "out", "post", "in"])
    var bound = Packet.tcp()
    bound.isBoundToInterface = true
    #expect(explain(chains, packet: bound).verdict == .leaves(interface: "eth0"))
    var old = Packet.tcp()
    old.connection?.state = .established
    #expect(explain(chains, packet: old).verdict == .leaves(interface: "eth0"))
  }

  @Test("What arrives goes in where the address is this host's, else through")
  func arrival() {
    let input = Hook(.filter, .input, priority: 0, policy: .drop)
    let forward = Hook(.filter, .forward, priority: 0, policy: .accept)
    let reject = Rule(
      [
        Match(.inputInterface, .is(.interfacePrefix("cali"))),
        Match(.outputInterface, .is(.interface("eth0"))),
      ], [.rejectAsProhibited])
    let chains = [Chain("in", hook: input, []), Chain("through", hook: forward, [reject])]
    let packet = Packet.tcp(from: .interface("cali12"))
    let through = explain(chains, packet: packet)
    #expect(through.verdict == .refused(.prohibited))
    #expect(through.notice == .prohibited)
    let own = HostAddresses([.init(CIDR(packet.destination), on: "eth0")])
    let inside = explain(chains, packet: packet, addresses: own)
    #expect(inside.verdict == .dropped)
    #expect(inside.notice == Notice.none)
    #expect(
      explain(chains, packet: .tcp(from: .interface("eth1"))).verdict == .leaves(interface: "eth0"))
  }

  @Test("A redirect of what arrives needs an address of the interface")
  func redirectOfArrival() {
    let nat = Hook(.nat, .prerouting, priority: -100, policy: .accept)
    let chains = [Chain("nat", hook: nat, [Rule([], [.redirect(port: 15001)])])]
    let packet = Packet.tcp(from: .interface("eth1"))
    let elsewhere = HostAddresses(
      [.init(CIDR(IPAddress("10.9.9.9")!), on: "eth0")], isComplete: true)
    let there = HostAddresses(
      [.init(CIDR(IPAddress("10.9.9.9")!), on: "eth1")], isComplete: true)
    #expect(explain(chains, packet: packet).verdict == .captured(port: 15001))
    #expect(explain(chains, packet: packet, addresses: elsewhere).verdict == .dropped)
    let explanation = explain(chains, packet: packet, addresses: there)
    #expect(explanation.verdict == .captured(port: 15001))
    #expect(explanation.text.contains("the destination is now 10.9.9.9:15001"))
  }

  @Test("A tproxy takes TCP and UDP in and runs on, and passes over everything else")
  func tproxy() {
    let mangle = Hook(.filter, .prerouting, priority: -150, policy: .accept)
    let input = Hook(.filter, .input, priority: 0, policy: .accept)
    let chains = [
      Chain(
        "mangle", hook: mangle,
        [
          Rule([], [.tproxy(port: 15001), .tagPacket(tag: 0x10, mask: 0x10), .accept]),
          Self.everything,
        ]),
      Chain(
        "in", hook: input,
        [Rule([Match(.packetMark, .is(.mark(0x13)))], [.accept]), Self.everything]),
    ]
    var packet = Packet.tcp(from: .interface("eth1"))
    packet.mark = 0x3
    #expect(explain(chains, packet: packet).verdict == .captured(port: 15001))
    packet = Packet(
      from: .interface("eth1"), protocolNumber: 47, to: packet.destination)
    #expect(explain(chains, packet: packet).isDropped)
  }

  @Test("An egress chain sees what leaves on its devices, with the packet's mark")
  func egress() {
    let hook = Hook(.filter, .egress, priority: 0, policy: .drop, devices: ["eth0", "eth1"])
    let chains = [
      Chain(
        "egress", hook: hook,
        [
          Rule(
            [Match(.packetMark, .is(.mark(5))), Match(.etherType, .is(.etherType(.ip)))], [.accept])
        ])
    ]
    var packet = Packet.tcp()
    let dropped = explain(chains, family: .netdev, packet: packet)
    #expect(dropped.verdict == .dropped)
    #expect(dropped.notice == Notice.none)
    #expect(!explain(chains, family: .netdev, packet: packet, on: "eth2").isDropped)
    packet.mark = 5
    #expect(!explain(chains, family: .netdev, packet: packet).isDropped)
  }

  @Test("The kernel takes a loopback destination that arrives on another interface for a forgery")
  func martian() {
    let packet = Packet.tcp(from: .interface("eth0"), to: "127.0.0.1")
    let explanation = Explanation(of: packet, leavingOn: "eth0", under: [])
    #expect(explanation.verdict == .dropped)
    #expect(explanation.deciding == nil)
  }

  @Test("A refusal is a packet too, and may be stopped on its way back")
  func answer() {
    let forward = Hook(.filter, .forward, priority: 0, policy: .accept)
    let output = Hook(.filter, .output, priority: 0, policy: .accept)
    let isForeign = Match(.sourceAddressType, .isNot(.addressType(.local)))
    let isReset = Match(.tcpFlags(among: .rst), .is(.tcpFlags(.rst)))
    var packet = Packet.tcp(from: .interface("eth1"))
    packet.source = IPAddress("10.9.9.9")
    let refuse = Chain("through", hook: forward, [Rule([], [.rejectWithReset])])
    #expect(explain([refuse], packet: packet).notice == .connectionRefused)
    let stopped = explain(
      [refuse, Chain("out", hook: output, [Rule([isForeign, isReset], [.drop])])], packet: packet)
    #expect(stopped.verdict == .refused(.reset))
    #expect(stopped.notice == Notice.none)
    #expect(stopped.sentence.hasSuffix("nobody tells the sender, which waits."))
  }

  @Test("Who sends without TCP hears at once that it may not, with TCP it waits")
  func notices() {
    let drop = [Chain("out", hook: Self.output, [Self.everything])]
    let udp = Packet(
      from: .socket(uid: 1, gid: 1), protocolNumber: 17, to: IPAddress("10.0.0.5")!, port: 1)
    #expect(explain(drop, packet: udp).notice == .notPermitted)
    #expect(explain(drop).notice == Notice.none)
    let reject = [Chain("out", hook: Self.output, [Rule([], [.rejectAsProhibited])])]
    #expect(explain(reject, packet: udp).notice == .notPermitted)
    #expect(explain(reject).notice == .prohibited)
  }
}

extension Packet {
  static func tcp(
    from origin: Origin = .socket(uid: 1000, gid: 1000), to destination: String = "10.0.0.5"
  ) -> Packet {
    Packet(from: origin, protocolNumber: 6, to: IPAddress(destination)!, port: 443)
  }
}

extension Explanation {
  fileprivate var isDropped: Bool { verdict == .dropped }

  /// The packet's marks in the order in which rules set them.
  fileprivate var marks: [UInt32] {
    steps.flatMap(\.effects).compactMap {
      if case .markedPacket(let mark) = $0 { mark } else { nil }
    }
  }
}
