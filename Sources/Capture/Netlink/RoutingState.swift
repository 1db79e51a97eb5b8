/// The two families that packets are routed by, each with tables of its own.
package enum RoutingFamily: Hashable, Sendable, CaseIterable {
  case ipv4, ipv6
}

/// Sends packets with our mark to our own routing table: `fwmark M/M iif NAME lookup TABLE`.
package struct RoutingRule: Hashable, Sendable {
  /// The mark's bits, compared under themselves: other bits may have any value.
  package var mark: UInt32
  /// Only what arrives here; nil for packets from anywhere. The interface need not exist yet.
  package var interface: String?

  package init(mark: UInt32, interface: String? = nil) {
    self.mark = mark
    self.interface = interface
  }
}

/// What of ours is in the kernel's routing tables, or shall be.
package struct RoutingState: Hashable, Sendable {
  /// A rule with the family and the table that it belongs to.
  package struct Rule: Hashable, Sendable {
    package var family: RoutingFamily
    package var table: UInt32
    package var priority: UInt32
    package var rule: RoutingRule
    /// Whether the mask is the mark itself, as we write it.
    var isExact = true

    package init(family: RoutingFamily, table: UInt32, priority: UInt32, rule: RoutingRule) {
      self.family = family
      self.table = table
      self.priority = priority
      self.rule = rule
    }
  }

  /// `local default dev lo table TABLE`: whatever is routed by it arrives at this host.
  package struct Route: Hashable, Sendable {
    package var family: RoutingFamily
    package var table: UInt32
    /// The loopback interface's number.
    package var interface: UInt32

    package init(family: RoutingFamily, table: UInt32, interface: UInt32) {
      self.family = family
      self.table = table
      self.interface = interface
    }
  }

  package var rules: [Rule]
  package var routes: [Route]

  package init(rules: [Rule] = [], routes: [Route] = []) {
    self.rules = rules
    self.routes = routes
  }

  package var isEmpty: Bool { rules.isEmpty && routes.isEmpty }

  /// What shall be in the kernel: each rule in each family, and where it leads.
  ///
  /// - Parameter loopback: the number of `lo`.
  package init(
    wanting rules: [RoutingRule], table: UInt32, families: [RoutingFamily], loopback: UInt32
  ) {
    self.init()
    guard !rules.isEmpty else { return }
    for family in families {
      routes.append(Route(family: family, table: table, interface: loopback))
      for rule in rules.uniqued {
        self.rules.append(
          Rule(family: family, table: table, priority: Self.priority, rule: rule))
      }
    }
  }

  /// After `local` (0), so that this host's own addresses stay its own, and before the rules of
  /// CNI plugins that send a pod's address to `main` (the AWS one's begin at 512).
  static let priority: UInt32 = 90

  /// Marks rules and routes as ours: rtm_protocol and FRA_PROTOCOL. Of those that
  /// /etc/iproute2/rt_protos leaves free.
  static let protocolNumber: UInt8 = 137
}

/// The way from what is there to what shall be.
struct RoutingChange<Entry: Hashable>: Equatable {
  /// In the order in which they were wanted.
  var added: [Entry] = []
  /// Positions in what is there: what isn't wanted, and the second of two that are the same.
  var deleted: [Int] = []

  init(from present: [Entry], to wanted: [Entry]) {
    var kept: Set<Entry> = []
    let wantedOnce = Set(wanted)
    for (position, entry) in present.enumerated() {
      if !wantedOnce.contains(entry) || !kept.insert(entry).inserted { deleted.append(position) }
    }
    added = wanted.uniqued.filter { !kept.contains($0) }
  }
}

extension Array where Element: Hashable {
  /// Each once, in the order of their first places.
  fileprivate var uniqued: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
