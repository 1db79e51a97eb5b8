internal import Addressing

/// A packet's way through one chain with a hook and the chains that it leads to.
///
/// As the kernel does it (net/netfilter/nf_tables_core.c): a `jump` comes back, a `goto` doesn't,
/// and where a chain ends the packet returns to the last `jump`, or meets the policy.
struct ChainWalk {
  enum Outcome: Hashable {
    /// To the next chain of the hook, and then out of the hook.
    case goesOn
    case dropped
    case refused(Refusal)
  }

  private let ruleset: Ruleset
  private let base: Chain
  private let hook: Hook
  private(set) var steps: [Step] = []

  init(_ base: Chain, _ hook: Hook, of ruleset: Ruleset) {
    self.base = base
    self.hook = hook
    self.ruleset = ruleset
  }

  private struct Place {
    var chain: Chain
    /// Of the rule that is tried next.
    var next = 0
  }

  mutating func run(_ underway: inout PacketUnderway) -> Outcome {
    var jumps: [Place] = []
    var place = Place(chain: base)
    while true {
      guard place.next < place.chain.rules.count else {
        guard let last = jumps.popLast() else { return followPolicy() }
        place = last
        continue
      }
      let rule = place.chain.rules[place.next]
      place.next += 1
      guard rule.matches.allSatisfy({ $0.holds(for: underway, sets: ruleset.sets) }) else {
        continue
      }
      let (effects, end) = carryOut(rule, &underway)
      // A dispatch that leads nowhere does nothing, and so does a rule that only counts.
      if !effects.isEmpty { note(rule, place, effects) }
      switch end {
      case .next: continue
      case .outcome(let outcome): return outcome
      case .goto(let name): place = Place(chain: chain(name))
      case .jump(let name):
        jumps.append(place)
        place = Place(chain: chain(name))
      case .return: place.next = place.chain.rules.count
      }
    }
  }

  private enum End {
    case next
    case `return`
    case goto(String)
    case jump(String)
    case outcome(Outcome)
  }

  /// Runs the statements until one ends the rule.
  private func carryOut(_ rule: Rule, _ underway: inout PacketUnderway) -> ([Effect], End) {
    var effects: [Effect] = []
    for statement in rule.statements {
      switch statement {
      case .counter: continue
      case .tagConnection(let tag, let mask):
        guard let mark = underway.tag(tag, mask) else { continue }
        effects.append(.taggedConnection(mark))
      case .tagPacket(let tag, let mask):
        underway.packet.mark = underway.packet.mark & ~mask | tag
        effects.append(.markedPacket(underway.packet.mark))
      case .setPacketMark(let mark):
        underway.packet.mark = mark
        effects.append(.markedPacket(mark))
      case .setPacketPriority(let priority):
        underway.packet.priority = priority
        effects.append(.prioritizedPacket(priority))
      case .setZone(let zone): effects.append(.zone(zone))
      case .dispatch(let selector, let branches):
        guard let field = selector.field(of: underway),
          let branch = branches.first(where: { $0.value.covers(field) })
        else { return (effects, .next) }
        return (effects + [.went(toChain: branch.chain)], .goto(branch.chain))
      case .accept: return (effects + [.accepted], .outcome(.goesOn))
      case .drop: return (effects + [.dropped], .outcome(.dropped))
      case .return: return (effects + [.returned], .return)
      case .goto(let name): return (effects + [.went(toChain: name)], .goto(name))
      case .jump(let name): return (effects + [.went(toChain: name)], .jump(name))
      case .rejectWithReset:
        return (effects + [.refused(.reset)], .outcome(.refused(.reset)))
      case .rejectAsProhibited:
        return (effects + [.refused(.prohibited)], .outcome(.refused(.prohibited)))
      case .redirect(let port):
        guard underway.redirect(to: port, at: hook.point) else {
          return (effects + [.dropped], .outcome(.dropped))
        }
        let address = underway.isRedirectedToUnknown ? nil : underway.packet.destination
        return (
          effects + [.redirected(address: address, port: port)], .outcome(.goesOn)
        )
      case .tproxy(let port):
        guard underway.handOver(to: port) else { return (effects, .next) }
        effects.append(.handedOver(port: port))
      }
    }
    return (effects, .next)
  }

  private mutating func followPolicy() -> Outcome {
    let accepts = hook.policy == .accept
    steps.append(
      Step(
        table: ruleset.table, point: hook.point, chain: base.name, rule: nil,
        text: "policy \(hook.policy)", effects: [accepts ? .accepted : .dropped]))
    return accepts ? .goesOn : .dropped
  }

  private mutating func note(_ rule: Rule, _ place: Place, _ effects: [Effect]) {
    steps.append(
      Step(
        table: ruleset.table, point: hook.point, chain: place.chain.name, rule: place.next,
        text: rule.nftText, effects: effects))
  }

  /// The kernel holds no rule that leads to a chain that isn't there; such a value means an empty
  /// one.
  private func chain(_ name: String) -> Chain {
    ruleset.chains.first { $0.name == name } ?? Chain(name, [])
  }
}

extension PacketUnderway {
  /// The connection's new mark; nil where there is no connection to mark.
  fileprivate mutating func tag(_ tag: UInt32, _ mask: UInt32) -> UInt32? {
    guard isTracked, let connection = packet.connection, connection.state != .invalid else {
      return nil
    }
    let mark = connection.mark & ~mask | tag
    packet.connection?.mark = mark
    return mark
  }

  /// False where there is no address to redirect to: the kernel drops the packet.
  fileprivate mutating func redirect(to port: UInt16, at point: Hook.Point) -> Bool {
    if point == .output {
      packet.destination = packet.destination.loopbackOfFamily
    } else if let interface = inputInterface,
      let target = addresses.redirectTarget(on: interface, like: packet.destination)
    {
      packet.destination = target
    } else if addresses.isComplete {
      return false
    } else {
      isRedirectedToUnknown = true
    }
    packet.destinationPort = port
    packet.connection?.isDestinationTranslated = true
    isTranslationDecided = true
    capturedPort = port
    return true
  }

  /// False for what no socket can take: the rule ends there.
  fileprivate mutating func handOver(to port: UInt16) -> Bool {
    guard packet.isTCP || packet.isUDP else { return false }
    capturedPort = port
    isHandedOver = true
    return true
  }
}
