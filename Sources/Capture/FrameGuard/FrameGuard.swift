/// What keeps frames from leaving that no `inet` chain has seen: those of AF_PACKET sockets.
///
/// A chain at the end of the packets' way through the IP layer writes 64 random bits beside each
/// packet, as its mark and its priority; a chain at the door of each device lets out what carries
/// them, and takes them off. Neither is ever on the wire, and no socket sees them: taps come behind
/// the door.
///
/// With one exception, and therefore two pairs. What is sent to a group is handed to listeners of
/// this host too, bits and all. Its own pair opens the door only for frames that are addressed to a
/// group, which no router forwards: whoever reads it gets as far as ARP gets him.
struct FrameGuard: Hashable, Sendable {
  /// For everything that is sent to one host.
  var unicast: FrameToken
  /// For groups and everybody.
  var group: FrameToken
  /// The doors: at least one.
  var devices: [String]
  /// Devices without a door, since what leaves there isn't judged at all. Packets for them are sent
  /// without bits.
  var unjudged: [Match]

  /// The tables that it is made of. They are ours as `inet portarium` is, and separate from it so
  /// that the document alone says what is in that one.
  static let markTable = TableIdentity(.inet, "portarium_frames")
  static let doorTable = TableIdentity(.netdev, "portarium")
  static let markChain = "postrouting"
  static let doorChain = "egress"
}

/// What a packet must carry to leave.
struct FrameToken: Hashable, Sendable {
  var mark: UInt32
  /// A packet's priority: any number but 0, which is none.
  var priority: UInt32

  /// From the kernel's generator. Kept in memory and in the kernel's ruleset, which only CAP_NET_ADMIN
  /// may read, and nowhere else.
  static func random() -> FrameToken {
    FrameToken(mark: .random(in: 1 ... .max), priority: .random(in: 1 ... .max))
  }
}

extension FrameGuard {
  /// New bits for these devices.
  static func random(devices: [String], unjudged: [Match]) -> FrameGuard {
    FrameGuard(
      unicast: .random(), group: .random(), devices: devices, unjudged: unjudged)
  }

  var rulesets: [Ruleset] { [marks, doors] }

  /// Behind every other chain of ours, so that a packet which one of them drops never gets its
  /// bits. What leaves on `lo` needs none and shows none to whoever listens there.
  private var marks: Ruleset {
    let toGroup = group.write + [.accept]
    let rules =
      [Rule([.leavesOnLoopback], [.accept])] + unjudged.map { Rule([$0], [.accept]) } + [
        Rule([Match(.ipv4Destination, .is(.prefix(.multicast4)))], toGroup),
        Rule([Match(.destinationAddressType, .is(.addressType(.broadcast)))], toGroup),
        Rule([Match(.ipv6Destination, .is(.prefix(.multicast6)))], toGroup),
        Rule([], unicast.write),
      ]
    return Ruleset(
      table: Self.markTable, sets: [],
      chains: [
        Chain(
          Self.markChain, hook: Hook(.filter, .postrouting, priority: 2000, policy: .accept), rules)
      ])
  }

  /// The policy is accept and the last rule drops: while a transaction is under way the new chain
  /// is there without its rules, and nothing may get lost that the old one lets out.
  private var doors: Ruleset {
    let rules = [
      Rule(unicast.matches, FrameToken.erase + [.accept]),
      Rule(
        group.matches + [Match(.etherGroupDestination, .exists)], FrameToken.erase + [.accept]),
      // The kernel asks for neighbours below the IP layer.
      Rule([Match(.etherType, .is(.etherType(.arp)))], [.counter, .accept]),
      Rule([], [.counter, .drop]),
    ]
    return Ruleset(
      table: Self.doorTable, sets: [],
      chains: [
        Chain(
          Self.doorChain,
          hook: Hook(.filter, .egress, priority: 0, policy: .accept, devices: devices), rules)
      ])
  }
}

extension FrameToken {
  fileprivate var write: [Statement] { [.setPacketMark(mark), .setPacketPriority(priority)] }
  fileprivate static let erase: [Statement] = [.setPacketMark(0), .setPacketPriority(0)]
  fileprivate var matches: [Match] {
    [
      Match(.packetMark, .is(.mark(mark))), Match(.packetPriority, .is(.priority(priority))),
    ]
  }
}
