/// What is in force, held against what should be: table by table, chain by chain, rule by rule.
///
/// Counters, handles, comments, the order of chains and of sets don't count: they change nothing for
/// a packet.
package struct RulesetDifference: Hashable, Sendable {
  package var tables: [TableDifference]
  /// Rules of the kernel's routing that TPROXY needs, or that are left of it.
  package var routing: [RoutingDifference] = []

  /// Nothing would change for any packet if the desired rulesets were applied.
  package var isEmpty: Bool { routing.isEmpty && tables.allSatisfy { $0.state == .equal } }

  /// - Parameter tables: each one that should be there or is.
  package init(_ tables: [TableDifference]) { self.tables = tables }
}

package struct TableDifference: Hashable, Sendable {
  package enum State: String, Sendable { case equal, different, missing, unexpected }

  package var table: TableIdentity
  package var state: State
  /// Only those that differ.
  package var sets: [SetDifference] = []
  /// Only those that differ.
  package var chains: [ChainDifference] = []

  /// - Parameters:
  ///   - desired: what `apply` would put in force; nil where there should be no such table.
  ///   - live: what there is; nil where there is no such table.
  package init(_ table: TableIdentity, desired: LiveRuleset?, live: LiveRuleset?) {
    self.table = table
    switch (desired, live) {
    case (nil, nil): state = .equal
    case (_?, nil): state = .missing
    case (nil, _?): state = .unexpected
    case (let desired?, let live?):
      sets = pairs(desired.sets, live.sets, by: \.name).compactMap { SetDifference($0, $1) }
      chains = pairs(desired.chains, live.chains, by: \.name).compactMap {
        ChainDifference($0, $1)
      }
      state = sets.isEmpty && chains.isEmpty ? .equal : .different
    }
  }
}

/// A line that both have, or only one.
package enum Presence: String, Hashable, Sendable {
  case both
  /// Desired and not there.
  case missing
  /// There and not desired.
  case unexpected
}

package struct SetDifference: Hashable, Sendable {
  package var name: String
  package var presence: Presence
  /// What its keys are, where that differs or only one of them has it.
  package var desiredType: String?
  package var liveType: String?
  /// Elements as nft prints them.
  package var missing: [String]
  package var unexpected: [String]

  /// Nil where they are the same.
  init?(_ desired: LiveSet?, _ live: LiveSet?) {
    guard let name = desired?.name ?? live?.name, desired != live else { return nil }
    self.name = name
    presence = live == nil ? .missing : desired == nil ? .unexpected : .both
    if desired?.type != live?.type {
      desiredType = desired?.type.text
      liveType = live?.type.text
    }
    missing = desired?.texts(without: live) ?? []
    unexpected = live?.texts(without: desired) ?? []
  }
}

package struct ChainDifference: Hashable, Sendable {
  package struct Line: Hashable, Sendable {
    package var presence: Presence
    /// The rule as nft prints it.
    package var text: String
    /// Of a rule that is in the kernel.
    package var handle: UInt64?
  }

  package var name: String
  package var presence: Presence
  /// Where it hangs and its policy, as nft prints it, where that differs; nil for a chain without.
  package var desiredHook: String?
  package var liveHook: String?
  /// All rules of both, in their order, those of one alone marked.
  package var lines: [Line]

  /// Nil where they are the same.
  init?(_ desired: LiveChain?, _ live: LiveChain?) {
    guard let name = desired?.name ?? live?.name else { return nil }
    self.name = name
    presence = live == nil ? .missing : desired == nil ? .unexpected : .both
    if desired?.hook != live?.hook {
      desiredHook = desired?.hook?.text
      liveHook = live?.hook?.text
    }
    lines = Self.lines(desired?.rules ?? [], live?.rules ?? [])
    if presence == .both, desired?.hook == live?.hook,
      lines.allSatisfy({ $0.presence == .both })
    {
      return nil
    }
  }

  /// The fewest lines that turn one into the other.
  private static func lines(_ desired: [LiveRule], _ live: [LiveRule]) -> [Line] {
    let changes = desired.map(\.kernel).difference(from: live.map(\.kernel))
    var missing: Set<Int> = []
    var unexpected: Set<Int> = []
    for change in changes {
      switch change {
      case .insert(let offset, _, _): missing.insert(offset)
      case .remove(let offset, _, _): unexpected.insert(offset)
      }
    }
    var lines: [Line] = []
    var next = 0
    for (index, rule) in live.enumerated() {
      while missing.contains(next) {
        lines.append(Line(presence: .missing, text: desired[next].text, handle: nil))
        next += 1
      }
      lines.append(
        Line(
          presence: unexpected.contains(index) ? .unexpected : .both, text: rule.text,
          handle: rule.handle))
      if !unexpected.contains(index) { next += 1 }
    }
    lines += desired[next...].map { Line(presence: .missing, text: $0.text, handle: nil) }
    return lines
  }
}

extension LiveSet {
  /// In the order of their keys.
  fileprivate func texts(without other: LiveSet?) -> [String] {
    let others = other?.type == type ? Set(other?.members ?? []) : []
    return members.filter { !others.contains($0) }.map { type.text(of: $0) }
  }
}

/// What has the same name; first all desired ones in their order, then those that only are there.
private func pairs<Item>(
  _ desired: [Item], _ live: [Item], by name: (Item) -> String
) -> [(Item?, Item?)] {
  var rest: [String: Item] = [:]
  for item in live { rest[name(item)] = item }
  return desired.map { ($0, rest.removeValue(forKey: name($0))) }
    + live.filter { rest[name($0)] != nil }.map { (nil, $0) }
}
