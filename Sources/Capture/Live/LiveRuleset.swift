internal import CNetfilter

/// A table that is in force, or what one would be once it is: sets and chains in the kernel's terms,
/// with each rule's meaning beside it.
package struct LiveRuleset: Hashable, Sendable {
  package var table: TableIdentity
  package var sets: [LiveSet]
  package var chains: [LiveChain]
}

package struct LiveSet: Hashable, Sendable {
  package var name: String
  package var type: LiveSetType
  /// By key.
  package var members: [SetMember]
}

package struct LiveSetType: Hashable, Sendable {
  /// nft's number of the keys' type.
  package var keyType: UInt32
  /// In bytes.
  package var keyLength: UInt32
  /// `enum nft_set_flags`
  package var flags: UInt32
}

package struct LiveChain: Hashable, Sendable {
  package var name: String
  /// Nil for a chain that only rules send packets to.
  package var hook: LiveHook?
  package var rules: [LiveRule]
}

/// Where a base chain hangs.
package enum LiveHook: Hashable, Sendable {
  case ours(Hook)
  /// A kind or a place that no chain of ours has.
  case foreign(DumpedChain.Hook)
}

package struct LiveRule: Hashable, Sendable {
  package var kernel: KernelRule
  /// What it means; nil where it isn't made of what rules of ours are made of, or not in the same
  /// way. A rule that is given here becomes exactly these expressions.
  package var rule: Rule?
  /// As nft would print it; what isn't understood is named in angle brackets.
  package var text: String
  /// Its number in the kernel, for `nft delete rule`; 0 where it isn't in the kernel.
  package var handle: UInt64
  package var counter: RuleCounter?
}

extension LiveRuleset {
  /// What a dump means. A family or table that no ruleset of ours has can't be given.
  package init(_ dump: TableDump, of table: TableIdentity) {
    let anonymous = NFT_SET_ANONYMOUS.rawValue
    var members: [String: [SetMember]] = [:]
    for set in dump.sets where set.flags & anonymous != 0 {
      members[set.name] = [SetMember](set.elements, isInterval: set.isInterval)
    }
    self.table = table
    sets = dump.sets.filter { $0.flags & anonymous == 0 }.map { LiveSet($0) }
    chains = dump.chains.map { chain in
      LiveChain(
        name: chain.name, hook: chain.hook.map { LiveHook($0, family: table.family) }, rules: [])
    }
    let kernel = dump.rules.map { rule in KernelRule(rule.expressions) { members[$0] } }
    let meanings = KernelRule.meanings(of: kernel, in: table)
    var places: [String: Int] = [:]
    for (index, chain) in chains.enumerated() { places[chain.name] = index }
    for (index, rule) in dump.rules.enumerated() {
      guard let place = places[rule.chain] else { continue }
      chains[place].rules.append(
        LiveRule(
          kernel: kernel[index], rule: meanings[index].rule, text: meanings[index].text,
          handle: rule.handle, counter: rule.counter))
    }
  }

  /// What a dump would mean once this ruleset is in force.
  package init(desired ruleset: Ruleset) {
    let operations = ruleset.change.operations
    let kernel = KernelRule.all(in: operations)
    table = ruleset.table
    sets = LiveSet.all(in: operations)
    var next = 0
    chains = ruleset.chains.map { chain in
      let rules = chain.rules.enumerated().map { index, rule in
        LiveRule(
          kernel: kernel[next + index], rule: rule, text: rule.nftText, handle: 0, counter: nil)
      }
      next += rules.count
      return LiveChain(name: chain.name, hook: chain.hook.map { .ours($0) }, rules: rules)
    }
  }
}

extension KernelRule {
  /// Of each rule that a transaction adds, in its order.
  static func all(in operations: [Operation]) -> [KernelRule] {
    var rules: [KernelRule] = []
    // Made for the rule that comes next, whose look-ups name them by numbers; their names are all
    // alike.
    var anonymous: [UInt32: [SetMember]] = [:]
    for operation in operations {
      switch operation {
      case .addSet(let set), .addElements(let set):
        if set.isAnonymous { anonymous[set.id] = [SetMember](set) }
      case .addRule(_, _, var expressions):
        for index in expressions.indices where expressions[index].name == "lookup" {
          if let id = expressions[index].word(NFTNL_EXPR_LOOKUP_SET_ID), anonymous[id] != nil {
            expressions[index][NFTNL_EXPR_LOOKUP_SET] = .text("\(id)")
          }
        }
        rules.append(KernelRule(expressions) { UInt32($0).flatMap { anonymous[$0] } })
        anonymous = [:]
      case .addTable, .createTable, .deleteTable, .addChain: break
      }
    }
    return rules
  }

  /// What rules mean, and their text. A meaning is given where it becomes the same expressions.
  static func meanings(
    of rules: [KernelRule], in table: TableIdentity
  ) -> [(rule: Rule?, text: String)] {
    let parts = rules.map { RuleReading.parts(of: $0) }
    let candidates = parts.map { Rule($0) }
    let compiled = all(
      in: Ruleset(
        table: table, sets: [], chains: [Chain("c", candidates.compactMap { $0 })]
      ).change.operations)
    var next = 0
    return zip(rules, zip(parts, candidates)).map { rule, reading in
      let (parts, candidate) = reading
      guard let candidate else { return (nil, parts.text) }
      defer { next += 1 }
      return compiled[next] == rule
        ? (candidate, candidate.nftText) : (nil, parts.text + " <otherwise>")
    }
  }
}

extension Rule {
  /// Nil where something isn't understood, or a condition stands behind a statement.
  fileprivate init?(_ parts: [RulePart]) {
    self.init([], [])
    for part in parts {
      switch part {
      case .match(let match):
        guard statements.isEmpty else { return nil }
        matches.append(match)
      case .statement(let statement): statements.append(statement)
      case .unknown: return nil
      }
    }
  }
}

extension [RulePart] {
  fileprivate var text: String {
    map { part in
      switch part {
      case .match(let match): match.nftText
      case .statement(let statement): Rule([], [statement]).nftText
      case .unknown(let what): "<\(what)>"
      }
    }.joined(separator: " ")
  }
}
