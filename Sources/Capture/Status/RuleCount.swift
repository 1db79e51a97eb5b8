/// What one rule of ours has counted, and what that means.
package struct RuleCount: Hashable, Sendable {
  package enum Meaning: String, Hashable, Sendable, CaseIterable {
    /// The workload's, to the sidecar.
    case captured
    /// The sidecar's own.
    case proxy
    /// To resolvers.
    case dns
    /// Left undecided, since the document excludes it.
    case excluded
    /// From outside.
    case inbound
    /// Older than the rules, and kept.
    case kept
    /// Within this host.
    case local
    /// Of no connection of ours: neighbour discovery, ICMP errors.
    case kernel
    /// Let out undecided, since `nonTCP` is `allow`.
    case undecided
    /// The sender was told.
    case refused
    case dropped
    /// Of a rule that portarium-init doesn't make.
    case unknown
  }

  package var chain: String
  package var rule: String
  package var handle: UInt64
  package var meaning: Meaning
  /// Only the first packet of a connection comes to the rule.
  package var countsConnections: Bool
  package var counter: RuleCounter

  static func all(_ live: LiveRuleset) -> [RuleCount] {
    live.chains.flatMap { chain in
      chain.rules.compactMap { rule in
        rule.counter.map { counter in
          RuleCount(
            chain: chain.name, rule: rule.text, handle: rule.handle,
            meaning: rule.rule.map { Meaning($0, in: chain.name) } ?? .unknown,
            countsConnections: rule.rule?.countsConnections ?? false, counter: counter)
        }
      }
    }
  }
}

extension Rule {
  /// NAT sees one packet per connection, and so does what marks it; but TPROXY takes all of them.
  fileprivate var countsConnections: Bool {
    var tags = false
    for statement in statements {
      switch statement {
      case .tagConnection: tags = true
      case .tproxy: return false
      default: break
      }
    }
    return tags
  }
}

extension RuleCount.Meaning {
  fileprivate init(_ rule: Rule, in chain: String) {
    for statement in rule.statements {
      switch statement {
      case .rejectWithReset, .rejectAsProhibited: self = .refused
      case .drop: self = .dropped
      case .redirect, .tproxy:
        self = chain == ChainName.natPrerouting ? .inbound : .captured
      case .accept: self = Self.accepted(rule, in: chain)
      default: continue
      }
      return
    }
    self = .unknown
  }

  private static func accepted(_ rule: Rule, in chain: String) -> Self {
    let sets = rule.matches.compactMap { match in
      if case .isIn(let set) = match.test { set } else { nil }
    }
    func names(_ names: String...) -> Bool { sets.contains { names.contains($0) } }
    let isMarked = rule.matches.contains { match in
      if case .connectionMark = match.selector { true } else { false }
    }
    switch chain {
    case ChainName.captured: return .captured
    case ChainName.proxy: return .proxy
    case ChainName.dns: return .dns
    case ChainName.excluded: return .excluded
    case ChainName.kept: return .kept
    case ChainName.inbound, ChainName.transitInbound, ChainName.transitForward: return .inbound
    case ChainName.loopback, ChainName.otherLoopback, ChainName.ownPorts, ChainName.inputLoopback:
      return .local
    case ChainName.kernelOnly, ChainName.icmpOut: return .kernel
    case ChainName.refuse: return .undecided
    case ChainName.output where names(SetName.proxyUIDs, SetName.proxyGIDs): return .proxy
    case ChainName.output, ChainName.transitJudge:
      if names(SetName.resolvers4, SetName.resolvers6) { return .dns }
      return isMarked ? .kept : .excluded
    case ChainName.input:
      let hasPort = rule.matches.contains { $0.selector == .tcpDestinationPort }
      return isMarked && !hasPort ? .captured : .inbound
    default: return .unknown
    }
  }
}

/// What all rules of one meaning have counted.
package struct CounterTotal: Hashable, Sendable {
  package var connections: UInt64 = 0
  /// Those of the whole connection; a connection's first packet is also one.
  package var packets: UInt64 = 0
  package var bytes: UInt64 = 0

  package static func all(_ counts: [RuleCount]) -> [RuleCount.Meaning: CounterTotal] {
    var totals: [RuleCount.Meaning: CounterTotal] = [:]
    for count in counts {
      if count.countsConnections {
        totals[count.meaning, default: CounterTotal()].connections &+= count.counter.packets
      }
      // The redirected packet is counted by the filter once more.
      if count.countsConnections, count.rule.contains("redirect to") { continue }
      totals[count.meaning, default: CounterTotal()].packets &+= count.counter.packets
      totals[count.meaning, default: CounterTotal()].bytes &+= count.counter.bytes
    }
    return totals
  }
}
