internal import Kernel

/// What is in force in a network namespace, as far as the kernel tells.
package struct CaptureStatus: Hashable, Sendable {
  package enum Table: Hashable, Sendable {
    case none
    case ours
    /// Of our name, and not made by portarium-init.
    case foreign
  }

  /// How what is in force relates to the document.
  package enum Document: Hashable, Sendable {
    case same
    /// So many sets and chains, or whole tables, are different.
    case differs(places: Int)
    /// Why it isn't known, as a clause.
    case unknown(String)
  }

  /// Entries of connection tracking: beyond the maximum the kernel drops what is new.
  package struct Conntrack: Hashable, Sendable {
    package var count: UInt64
    package var maximum: UInt64

    package init(count: UInt64, maximum: UInt64) {
      self.count = count
      self.maximum = maximum
    }

    /// In percent, rounded down.
    package var load: UInt64 { maximum == 0 ? 0 : count * 100 / maximum }
    package var isAlmostFull: Bool { load > 80 }
  }

  package var table: Table
  /// Nanoseconds since the Unix epoch; nil where there is no note, as on kernels before 5.10.
  package var appliedAt: UInt64?
  /// Nanoseconds since the Unix epoch: when this was read.
  package var readAt: UInt64
  /// `sidecar`, `gateway redirect`, `gateway tproxy`; nil where the chains are none of ours.
  package var mode: String?
  package var document: Document
  package var counters: [RuleCount]
  /// The devices on which raw frames are blocked; nil where both tables for it aren't there.
  package var guardedDevices: [String]?
  /// Devices other than `lo` on which they aren't.
  package var unguardedDevices: [String]
  package var routing: RoutingState
  /// Nil where the kernel tracks no connections or doesn't say.
  package var conntrack: Conntrack?
  package var foreign: [ForeignTable]
  /// The tables of the older iptables (`nat`, `filter`), whose rules can't be seen from here.
  package var legacyTables: [String]

  package var isInForce: Bool {
    if case .differs = document { return false }
    return table == .ours
  }
}

extension CaptureStatus {
  /// What holds now in the calling thread's network namespace. Needs CAP_NET_ADMIN.
  package static func now(
    document: (TableDump?) -> Document
  ) throws(DumpError) -> CaptureStatus {
    let tables = try Dump.tables()
    let dump = try Dump.table(.inet, Ruleset.table.name)
    let summary = tables.first { $0.family == .inet && $0.name == Ruleset.table.name }
    let live = dump.map { LiveRuleset($0, of: Ruleset.table) }
    // The rest is worth more than an error. But of interfaces that can't be listed none is said to be
    // guarded.
    let interfaces = try? Routing.interfaces()
    let guarded = interfaces == nil ? nil : guardedDevices(tables)
    // Shown as none where they can't be listed; diff says why it can't.
    let routing = (try? Routing.current()) ?? RoutingState()
    return CaptureStatus(
      table: summary.map { TableStamp.isOurs($0) ? .ours : .foreign } ?? .none,
      appliedAt: summary.flatMap { TableStamp($0.userData)?.appliedAt },
      readAt: Instant.wallClock(), mode: live.flatMap(mode), document: document(dump),
      counters: live.map(RuleCount.all) ?? [], guardedDevices: guarded,
      unguardedDevices: (interfaces ?? []).filter { !$0.isLoopback }.map(\.name)
        .filter { !(guarded ?? []).contains($0) },
      routing: routing, conntrack: Conntrack.now(),
      foreign: tables.compactMap { ForeignTable($0) }, legacyTables: legacyTables())
  }

  private static func mode(_ live: LiveRuleset) -> String? {
    let names = Set(live.chains.map(\.name))
    if names.contains(ChainName.natOutput) { return "sidecar" }
    if names.contains(ChainName.manglePrerouting) { return "gateway tproxy" }
    return names.contains(ChainName.natPrerouting) ? "gateway redirect" : nil
  }

  private static func guardedDevices(_ tables: [TableSummary]) -> [String]? {
    guard
      tables.contains(where: {
        $0.family == .inet && $0.name == FrameGuard.markTable.name
      }),
      let doors = tables.first(where: {
        $0.family == .netdev && $0.name == FrameGuard.doorTable.name
      })
    else { return nil }
    return doors.chains.flatMap { $0.hook?.devices ?? [] }.sorted()
  }

  private static func legacyTables() -> [String] {
    // Not /proc/net: that is the main thread's namespace. The files are there only where the legacy
    // modules are loaded.
    ["ip", "ip6"].flatMap { family in
      let text = (try? SmallFile.read("/proc/thread-self/net/\(family)_tables_names")) ?? ""
      return text.split(separator: "\n").map { "\(family) \($0)" }
    }
  }
}

extension CaptureStatus.Conntrack {
  static func now() -> Self? {
    func number(_ name: String) -> UInt64? {
      // Absent where conntrack isn't loaded: nothing is counted then.
      let text = try? SmallFile.read("/proc/sys/net/netfilter/nf_conntrack_\(name)")
      return text.flatMap { UInt64($0.prefix { $0.isNumber }) }
    }
    guard let count = number("count"), let maximum = number("max") else { return nil }
    return Self(count: count, maximum: maximum)
  }
}
