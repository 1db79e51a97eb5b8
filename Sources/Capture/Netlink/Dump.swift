internal import CNetfilter
internal import Kernel

/// What is in the kernel's ruleset, read back.
package enum Dump {
  /// The table with all that is in it, of one moment: never part of one ruleset and part of the
  /// next. Nil where there is none of that name.
  ///
  /// Takes some hundred microseconds for a table of ours. Needs CAP_NET_ADMIN.
  package static func table(
    _ family: KernelFamily, _ name: String
  ) throws(DumpError) -> TableDump? {
    try attempts { session throws(DumpSession.Interruption) in
      try session.table(family, name)
    }
  }

  /// All tables of all families with their chains.
  package static func tables() throws(DumpError) -> [TableSummary] {
    try attempts { session throws(DumpSession.Interruption) in try session.summaries() }
  }

  /// A change by somebody else takes a few milliseconds to make and a list less to read: only
  /// constant changes get through this.
  private static let mostAttempts = 100
  private static let mostRoom = 1 << 26

  /// Reads until nothing changed meanwhile.
  private static func attempts<Answer>(
    _ read: (inout DumpSession) throws(DumpSession.Interruption) -> Answer
  ) throws(DumpError) -> Answer {
    var room = 1 << 18
    for _ in 1...mostAttempts {
      do throws(DumpSession.Interruption) {
        // A new socket each time: what is left of a list that was given up stays with the old one.
        var session = try DumpSession(answers: room)
        let before = try session.generation()
        let answer = try read(&session)
        guard try session.generation() == before else { throw .changed }
        return answer
      } catch {
        switch error {
        case .changed: continue
        case .overflow where room < mostRoom: room *= 8
        case .overflow: throw .transport(.system(call: "recvmsg(nf_tables)", .noBufferSpace))
        case .failed(let error): throw error
        }
      }
    }
    throw .unsteady(attempts: mostAttempts)
  }
}

extension DumpSession {
  fileprivate mutating func table(
    _ family: KernelFamily, _ name: String
  ) throws(Interruption) -> TableDump? {
    let generation = try generation()
    let tables = try tables(of: family)
    guard let table = tables.first(where: { $0.name == name }) else { return nil }
    let sets = try sets(of: family, table: name)
    return TableDump(
      family: family, name: name, handle: table.handle, userData: table.userData,
      chains: try chains(of: family).filter { $0.table == name }.map(\.chain), sets: sets,
      rules: try rules(of: family, table: name), generation: generation)
  }

  fileprivate mutating func summaries() throws(Interruption) -> [TableSummary] {
    let chains = try chains(of: .any)
    return try tables(of: .any).map { table in
      TableSummary(
        family: table.family, name: table.name, userData: table.userData,
        chains: chains.filter { $0.family == table.family && $0.table == table.name }.map(\.chain))
    }
  }

  private mutating func tables(of family: KernelFamily) throws(Interruption) -> [TableRecord] {
    var records: [TableRecord] = []
    for message in try list(NFT_MSG_GETTABLE, of: family, called: "tables") {
      records.append(try TableReader.record(message))
    }
    return records
  }

  private mutating func chains(of family: KernelFamily) throws(Interruption) -> [ChainRecord] {
    var records: [ChainRecord] = []
    for message in try list(NFT_MSG_GETCHAIN, of: family, called: "chains") {
      records.append(try ChainReader.record(message))
    }
    return records
  }

  private mutating func sets(
    of family: KernelFamily, table: String
  ) throws(Interruption) -> [DumpedSet] {
    var sets: [DumpedSet] = []
    let filter = [(NFTA_SET_TABLE.rawValue, table)]
    for message in try list(NFT_MSG_GETSET, of: family, filter, called: "sets") {
      let reader = try SetReader()
      try reader.read(message)
      guard reader.table == table else { continue }
      var set = reader.record
      set.elements = try elements(of: family, table: table, set: set.name)
      sets.append(set)
    }
    return sets
  }

  private mutating func elements(
    of family: KernelFamily, table: String, set: String
  ) throws(Interruption) -> [DumpedElement] {
    let filter = [
      (NFTA_SET_ELEM_LIST_TABLE.rawValue, table), (NFTA_SET_ELEM_LIST_SET.rawValue, set),
    ]
    var elements: [DumpedElement] = []
    for message in try list(NFT_MSG_GETSETELEM, of: family, filter, called: "a set's elements") {
      let reader = try SetReader()
      try reader.readElements(message)
      elements += try reader.elements
    }
    return elements.sorted(by: DumpedElement.standsBefore)
  }

  private mutating func rules(
    of family: KernelFamily, table: String
  ) throws(Interruption) -> [DumpedRule] {
    var rules: [DumpedRule] = []
    let filter = [(NFTA_RULE_TABLE.rawValue, table)]
    for message in try list(NFT_MSG_GETRULE, of: family, filter, called: "rules") {
      let record = try RuleReader.record(message)
      if record.table == table { rules.append(record.rule) }
    }
    return rules
  }
}

extension DumpedElement {
  /// By key; of one key, what ends an interval before what begins the next. An element for all
  /// other keys has none and comes last.
  static func standsBefore(_ one: Self, _ other: Self) -> Bool {
    if one.key == other.key {
      return one.isIntervalEnd == other.isIntervalEnd
        ? (one.keyEnd ?? []).lexicographicallyPrecedes(other.keyEnd ?? []) : one.isIntervalEnd
    }
    if one.key.isEmpty || other.key.isEmpty { return other.key.isEmpty }
    return one.key.lexicographicallyPrecedes(other.key)
  }

  /// The first key that is no longer in the interval before it.
  package var isIntervalEnd: Bool { flags & NFT_SET_ELEM_INTERVAL_END.rawValue != 0 }
}
