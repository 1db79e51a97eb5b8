import Addressing
import SeededRandom

@testable import Capture

/// One packet twice: as `explain` is asked about it, and as it is really sent.
struct Probe: Encodable {
  /// As crossroads.py takes it.
  enum Kind: String, Encodable { case tcp, udp, icmp, raw }

  let place: ExplainScene.Place
  var kind = Kind.tcp
  var to: IPAddress
  var port: UInt16 = 0
  var uid: UInt32 = 1000
  var gid: UInt32 = 1000
  var from: IPAddress?
  var sourcePort: UInt16 = 0
  /// The protocol's, of raw ones.
  var number: UInt8 = 47
  var device: String?
  var freebind = false
  /// Something is expected to come back.
  var patient = false

  enum CodingKeys: String, CodingKey {
    case kind, to, port, uid, gid, from, sourcePort, number, device, freebind, patient
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(kind, forKey: .kind)
    try container.encode(to.description, forKey: .to)
    try container.encode(port, forKey: .port)
    try container.encode(uid, forKey: .uid)
    try container.encode(gid, forKey: .gid)
    try container.encode(from?.description, forKey: .from)
    try container.encode(sourcePort, forKey: .sourcePort)
    try container.encode(number, forKey: .number)
    try container.encode(device, forKey: .device)
    try container.encode(freebind, forKey: .freebind)
    try container.encode(patient, forKey: .patient)
  }
}

extension Probe {
  func explanation(under rulesets: [Ruleset]) -> Explanation {
    let interface = ExplainScene.interface(to: to)
    return Explanation(
      of: packet(leavingOn: interface), leavingOn: interface, addresses: ExplainScene.addresses,
      under: rulesets)
  }

  private func packet(leavingOn interface: String) -> Packet {
    let isIPv4 = to.bitWidth == 32
    let protocolNumber: UInt8
    switch kind {
    case .tcp: protocolNumber = 6
    case .udp: protocolNumber = 17
    case .icmp: protocolNumber = isIPv4 ? 1 : 58
    case .raw: protocolNumber = number
    }
    let origin: Packet.Origin
    switch place {
    case .pod: origin = .socket(uid: uid, gid: gid)
    case .machine: origin = .interface("vm0")
    case .world: origin = .interface(CIDR("10.77.3.0/24")!.contains(to) ? "eth1" : "eth0")
    }
    return Packet(
      from: origin, protocolNumber: protocolNumber, source: from ?? usualSource(on: interface),
      sourcePort: sourcePort, to: to, port: kind == .tcp || kind == .udp ? port : nil,
      icmpType: kind == .icmp ? (isIPv4 ? 8 : 128) : nil,
      isBoundToInterface: device != nil)
  }

  /// What the kernel takes where the sender names none.
  private func usualSource(on interface: String) -> IPAddress? {
    let isIPv4 = to.bitWidth == 32
    switch place {
    case .pod:
      return interface == "lo" ? to : ExplainScene.addresses.redirectTarget(on: interface, like: to)
    case .machine: return IPAddress(isIPv4 ? "10.77.5.2" : "fd77:5::2")
    case .world: return IPAddress(isIPv4 ? "10.77.1.1" : "fd77:1::1")
    }
  }

  /// Whether the sender learns anything: answers to an address that isn't his go elsewhere.
  func canBeSeen(_ explanation: Explanation) -> Bool {
    guard place == .pod, freebind else { return true }
    switch explanation.verdict {
    case .refused, .dropped: return true
    case .captured, .leaves, .reachesThisHost: return false
    }
  }

  /// What the sender learns if the explanation is right.
  func expected(_ explanation: Explanation) -> String {
    switch explanation.verdict {
    case .captured(let port): return answer(of: "pod", port)
    case .reachesThisHost: return answer(of: "pod", port)
    case .leaves("vm0"): return answer(of: "machine", port)
    case .leaves: return answer(of: "world", 7)
    case .refused, .dropped:
      switch explanation.notice {
      case .connectionRefused: return "ECONNREFUSED"
      case .notPermitted: return "EPERM"
      case .prohibited: return to.bitWidth == 32 ? "EHOSTUNREACH" : "EACCES"
      case .some(.none), nil: return kind == .raw ? "sent" : "silent"
      }
    }
  }

  private func answer(of name: String, _ port: UInt16) -> String {
    switch kind {
    case .tcp: "\(name) \(port) \(to) \(self.port)"
    case .udp: "\(name) \(port)"
    case .icmp: "answer"
    case .raw: "sent"
    }
  }
}

/// Makes packets at random, more of those on which something may depend.
struct RandomProbes {
  var random: SeededGenerator
  /// Where a list of addresses begins and ends, most goes wrong.
  var blocks: [CIDR] = []
  var ports: [UInt16] = []
  private var lastSourcePort: UInt16 = 10000

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  mutating func next() -> Probe {
    // A port of its own each, so that none meets what conntrack remembers of another.
    lastSourcePort = lastSourcePort >= 60000 ? 10001 : lastSourcePort + 1
    let place = pick([ExplainScene.Place.pod, .pod, .pod, .machine, .world])
    var probe = Probe(place: place, to: destination(from: place))
    probe.sourcePort = lastSourcePort
    probe.kind = pick([.tcp, .tcp, .tcp, .tcp, .udp, .udp, .udp, .icmp])
    let isServed = ["lo", "vm0"].contains(ExplainScene.interface(to: probe.to)) || place == .world
    probe.port = pick(
      isServed ? ExplainScene.servedPorts : ports + [53, 53, 80, 443, 8080, 9, 65535])
    if place == .pod {
      probe.uid = pick([0, 1000, 1000, 1000, 1337, 1338])
      probe.gid = pick([1000, 1000, 1337, 4444])
      if probe.uid == 0, chance(5) { probe.kind = .raw }
    }
    if probe.kind != .tcp, probe.kind != .udp {
      probe.port = 0
      probe.sourcePort = 0
    }
    choosePath(&probe)
    return probe
  }

  /// Sometimes another source or a socket bound to its device.
  private mutating func choosePath(_ probe: inout Probe) {
    let isIPv4 = probe.to.bitWidth == 32
    guard probe.kind == .tcp || probe.kind == .udp else { return }
    switch probe.place {
    case .pod:
      // The interface of the default route: without one, IPv6 can't redirect a bound socket at all.
      if ExplainScene.interface(to: probe.to) == "eth0", chance(12) { probe.device = "eth0" }
      if !isIPv4, probe.device == nil, chance(10) {
        probe.from = IPAddress("fd99::66")
        probe.freebind = true
      }
    case .machine:
      if chance(4) { probe.from = IPAddress(isIPv4 ? "10.77.6.2" : "fd77:6::2") }
    case .world:
      // An address whose way back is the way it came.
      let isFirst = !CIDR("10.77.3.0/24")!.contains(probe.to)
      if chance(2), isFirst {
        probe.from = IPAddress(isIPv4 ? "10.99.0.53" : "fd99::53")
        probe.freebind = true
      }
    }
  }

  private mutating func destination(from place: ExplainScene.Place) -> IPAddress {
    let own = ["10.77.1.2", "fd77:1::2"]
    switch place {
    case .world:
      return IPAddress(pick(own + ["10.77.3.2", "10.77.5.2", "fd77:5::2", "10.77.6.2"]))!
    case .machine:
      return chance(5) ? IPAddress(pick(own + ["10.77.5.1", "fd77:5::1"]))! : outside()
    case .pod:
      if chance(4) {
        return IPAddress(
          pick(own + ["127.0.0.1", "127.0.0.1", "127.0.0.9", "127.200.1.1", "::1", "10.77.5.1"]))!
      }
      return chance(12) ? IPAddress(pick(["10.77.5.2", "fd77:5::2"]))! : outside()
    }
  }

  private mutating func outside() -> IPAddress {
    if !blocks.isEmpty, chance(2) {
      let block = blocks[Int(random.next() % UInt64(blocks.count))]
      let address = pick([
        block.base, block.last, block.base.neighbour(-1), block.last.neighbour(1),
      ])
      if ExplainScene.isWorlds(address) { return address }
    }
    let low = random.next() % 256
    return IPAddress(
      pick([
        "10.99.0.\(low)", "10.99.0.\(low)", "10.97.0.\(low)", "10.99.0.53", "fd99::\(low)",
        "fd99::53", "fd97::\(low)",
      ]))!
  }

  private mutating func chance(_ one: UInt64) -> Bool { random.next() % one == 0 }

  private mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements.randomElement(using: &random)!
  }
}

extension ExplainScene {
  /// The world answers for it.
  static func isWorlds(_ address: IPAddress) -> Bool {
    ["10.97.0.0/16", "10.99.0.0/16", "fd97::/32", "fd99::/32"].contains {
      CIDR($0)!.contains(address)
    }
  }
}

extension IPAddress {
  /// The address so many steps further on; wraps.
  fileprivate func neighbour(_ steps: Int) -> IPAddress {
    switch self {
    case .v4(let address):
      .v4(IPv4Address(rawValue: address.rawValue &+ UInt32(truncatingIfNeeded: steps)))
    case .v6(let address):
      .v6(IPv6Address(rawValue: address.rawValue &+ UInt128(truncatingIfNeeded: steps)))
    }
  }
}
