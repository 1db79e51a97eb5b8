internal import Configuration
internal import Kernel

/// Puts a plan in force on this machine and takes it away again, in an order in which no moment is
/// a way out.
///
/// Routing comes before the ruleset that marks packets for it, and goes after it; the ruleset itself
/// changes in one transaction. A run that is killed leaves the old ruleset or the new one. What may
/// be left besides is a routing rule for a mark that nothing sets, which the next run removes.
package enum Installation {
  /// Blocks for some milliseconds. Where it throws, the ruleset and the routing are as they were,
  /// but for one case: `.routing` may be about an older plan's routing that can't be deleted behind
  /// the new ruleset.
  ///
  /// - Parameter plan: completed.
  package static func apply(_ plan: CapturePlan) throws(InstallationError) -> Installed {
    let interfaces = try routing { () throws(RoutingError) in try Routing.interfaces() }
    if let complaint = plan.complaint(about: interfaces) { throw .interface(complaint) }
    let isInForce = try checkOwnership()
    let existing = ExistingConnections(plan)
    var kept = 0
    if !isInForce {
      do throws(ConnectionError) { kept = try existing.keep() } catch { throw .connections(error) }
    }
    let frames = try applyRouting(plan) { () throws(TransactionError) in
      try Transaction.apply(plan, interfaces: interfaces, note: TableStamp.now().bytes)
    }
    return Installed(frames: frames, kept: kept, cut: Result(catching: existing.cut))
  }

  /// False where there was nothing of ours.
  package static func remove() throws(InstallationError) -> Bool {
    _ = try checkOwnership()
    let hadTable = try transaction { () throws(TransactionError) in try Transaction.removeAll() }
    let hadRouting = try routing { () throws(RoutingError) in try Routing.remove() }
    return hadTable || hadRouting
  }

  private static func applyRouting<Value>(
    _ plan: CapturePlan, around change: () throws(TransactionError) -> Value
  ) throws(InstallationError) -> Value {
    let rules = plan.routingRules
    guard !rules.isEmpty else {
      let value = try transaction(change)
      _ = try routing { () throws(RoutingError) in try Routing.remove() }
      return value
    }
    let before = try routing { () throws(RoutingError) in try Routing.current() }
    try routing { () throws(RoutingError) in try Routing.install(rules) }
    do throws(InstallationError) {
      return try transaction(change)
    } catch {
      // The old ruleset is in force, so the routing must be the old one too. If that fails as well
      // the first error is the one to tell: a rule too many leads nowhere.
      try? Routing.install(before.rules.map(\.rule))
      throw error
    }
  }

  /// Whoever made a table of one of our names by hand would lose it.
  ///
  /// - Returns: whether our ruleset is there.
  private static func checkOwnership() throws(InstallationError) -> Bool {
    let tables: [TableSummary]
    do throws(DumpError) {
      tables = try Dump.tables()
    } catch {
      throw .dump(error)
    }
    for table in [Ruleset.table, FrameGuard.markTable, FrameGuard.doorTable] {
      if let present = tables.first(where: table.names), !TableStamp.isOurs(present) {
        throw .foreignTable(table)
      }
    }
    return tables.contains(where: Ruleset.table.names)
  }

  private static func transaction<Value>(
    _ body: () throws(TransactionError) -> Value
  ) throws(InstallationError) -> Value {
    do throws(TransactionError) { return try body() } catch { throw .transaction(error) }
  }

  private static func routing<Value>(
    _ body: () throws(RoutingError) -> Value
  ) throws(InstallationError) -> Value {
    do throws(RoutingError) { return try body() } catch { throw .routing(error) }
  }
}

/// What a plan that is in force came with.
package struct Installed: Sendable {
  package var frames: RawFrames
  /// How many older connections go on.
  package var kept: Int
  /// What became of the others; they are refused in any case.
  package var cut: Result<ExistingConnections.Cut, ConnectionError>
}

/// Why what was in force still is.
package enum InstallationError: Error, Hashable, Sendable {
  /// Somebody else's table has our name.
  case foreignTable(TableIdentity)
  case interface(InterfaceComplaint)
  case dump(DumpError)
  case connections(ConnectionError)
  case routing(RoutingError)
  case transaction(TransactionError)
}

extension InstallationError: CustomStringConvertible {
  /// One sentence without a full stop.
  package var description: String {
    switch self {
    case .foreignTable(let table):
      "there is a table \(table) that portarium-init didn't make: rename it, or delete it with "
        + "\"nft delete table \(table)\""
    case .interface(let complaint): complaint.description
    case .dump(let error): error.description
    case .connections(let error): error.description
    case .routing(let error): error.description
    case .transaction(let error): error.description
    }
  }
}

extension TableIdentity {
  fileprivate func names(_ table: TableSummary) -> Bool {
    name == table.name && table.family == (family == .inet ? .inet : .netdev)
  }
}
