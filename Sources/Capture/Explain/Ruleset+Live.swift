internal import CNetfilter

extension Ruleset {
  /// Our table as it is in the kernel, ready to be followed by an explanation; nil where nothing of
  /// ours is in force. Needs CAP_NET_ADMIN.
  ///
  /// What guards raw frames is left out: every packet of a socket carries its bits, which are nobody's
  /// to print.
  ///
  /// - Returns: with it, a phrase for each thing that isn't understood and that an explanation passes
  ///   over: what our own programs never make.
  package static func live() throws(DumpError) -> (ruleset: Ruleset, unread: [String])? {
    guard let dump = try Dump.table(.inet, table.name) else { return nil }
    let (ruleset, unread) = LiveRuleset(dump, of: table).understood
    return (ruleset, unread.map { "table \(table), \($0)" })
  }
}

extension LiveRuleset {
  /// What of it is like ours, and phrases about the rest. Rules that aren't understood stay as rules
  /// that do nothing, so that the others keep their numbers.
  var understood: (ruleset: Ruleset, unread: [String]) {
    var unread: [String] = []
    var ruleset = Ruleset(table: table, sets: [], chains: [])
    for set in sets {
      let values = set.members.map { set.type.value(of: $0) }
      guard let keyType = set.type.keyKind, !values.contains(nil) else {
        unread.append("set \(set.name)")
        continue
      }
      ruleset.sets.append(
        NamedSet(
          name: set.name, keyType: keyType,
          isInterval: set.type.flags & NFT_SET_INTERVAL.rawValue != 0,
          elements: values.compactMap { $0 }))
    }
    for chain in chains {
      var hook: Hook?
      switch chain.hook {
      case .ours(let ours): hook = ours
      case .foreign(let foreign):
        unread.append("chain \(chain.name) at the hook \(foreign.kind) \(foreign.number)")
      case nil: break
      }
      for (index, rule) in chain.rules.enumerated() where rule.rule == nil {
        unread.append("chain \(chain.name), rule \(index + 1): \(rule.text)")
      }
      ruleset.chains.append(
        Chain(chain.name, hook: hook, chain.rules.map { $0.rule ?? Rule([], []) }))
    }
    return (ruleset, unread)
  }
}
