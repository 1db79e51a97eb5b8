internal import Glibc
internal import Kernel

/// The kernel's routing, as far as `tproxy` needs it: packets that it marks are routed to this
/// host, whatever their destination.
///
/// Blocks for some milliseconds. Nothing of anybody else's is touched: ours carry a protocol number
/// of their own.
package enum Routing {
  /// Leaves exactly these rules of ours in the kernel, in both families, and the route that they
  /// lead to; whatever else of ours there was is deleted, after the new ones are in force.
  ///
  /// Without rules nothing of ours remains. IPv6 is left out where no interface that the rules
  /// mean can receive it.
  package static func install(
    _ rules: [RoutingRule], table: UInt32 = defaultTable
  ) throws(RoutingError) {
    var socket = try RouteSocket()
    try socket.bind()
    try socket.settle { (socket: inout RouteSocket) throws(RoutingError) in
      let interfaces = try socket.interfaces()
      guard let loopback = interfaces.first(where: \.isLoopback) else { throw .noLoopback }
      let state = RoutingState(
        wanting: rules, table: table,
        families: try IPv6Switch.families(for: rules, among: interfaces),
        loopback: loopback.index)
      try socket.change(to: state)
    }
  }

  /// Deletes all of ours, whatever the rules were. False where there was nothing.
  package static func remove() throws(RoutingError) -> Bool {
    var socket = try RouteSocket()
    try socket.bind()
    var wasThere = false
    try socket.settle { (socket: inout RouteSocket) throws(RoutingError) in
      if try socket.change(to: RoutingState()) { wasThere = true }
    }
    return wasThere
  }

  /// What of ours is in the kernel. Needs no privilege.
  package static func current() throws(RoutingError) -> RoutingState {
    var socket = try RouteSocket()
    try socket.bind()
    let own = try socket.own()
    return RoutingState(rules: own.rules.map(\.entry), routes: own.routes.map(\.entry))
  }

  /// The interfaces of this network namespace and their addresses. Needs no privilege.
  package static func interfaces() throws(RoutingError) -> [NetworkInterface] {
    var socket = try RouteSocket()
    try socket.bind()
    return try socket.interfaces()
  }

  package static let defaultTable: UInt32 = 1337
}

/// An entry of a routing table with the message that listed it.
private struct Listed<Entry: Hashable>: Equatable {
  var entry: Entry
  var message: RouteMessage

  static func == (a: Self, b: Self) -> Bool { a.entry == b.entry }
}

/// All of ours.
private struct Own: Equatable {
  var rules: [Listed<RoutingState.Rule>] = []
  var routes: [Listed<RoutingState.Route>] = []
}

extension RouteSocket {
  /// Runs a change, which must be one that may be made again, until its answers arrive.
  fileprivate mutating func settle(
    _ change: (inout RouteSocket) throws(RoutingError) -> Void
  ) throws(RoutingError) {
    var attempts = 5
    while true {
      do throws(RoutingError) {
        return try change(&self)
      } catch .system(_, .noBufferSpace) where attempts > 0 {
        attempts -= 1
      }
    }
  }

  /// - Returns: whether anything was deleted.
  @discardableResult
  fileprivate mutating func change(to wanted: RoutingState) throws(RoutingError) -> Bool {
    let own = try own()
    let routes = RoutingChange(from: own.routes.map(\.entry), to: wanted.routes)
    let rules = RoutingChange(from: own.rules.map(\.entry), to: wanted.rules)
    // A rule comes after what it leads to and goes before it. The new ones come before the old ones
    // go, so that no captured packet is without one.
    for route in routes.added { try add(route) }
    for rule in rules.added { try add(rule) }
    var hasDeleted = false
    for position in rules.deleted {
      if try delete(own.rules[position].message, "to delete a routing rule") { hasDeleted = true }
    }
    for position in routes.deleted {
      if try delete(own.routes[position].message, "to delete a route") { hasDeleted = true }
    }
    return hasDeleted
  }

  private mutating func add(_ route: RoutingState.Route) throws(RoutingError) {
    let what = "the \(route.family.text) route of table \(route.table)"
    do throws(RoutingError) {
      try change(.adding(route), what)
    } catch {
      // EACCES: "IPv6 is disabled on nexthop device".
      if route.family == .ipv6, case .refused(_, .permissionDenied, _) = error {
        throw .ipv6OffOnLoopback
      }
      throw error
    }
  }

  private mutating func add(_ rule: RoutingState.Rule) throws(RoutingError) {
    do throws(RoutingError) {
      try change(.adding(rule), "an \(rule.family.text) routing rule for table \(rule.table)")
    } catch {
      guard error.meansNoSuchFamily else { throw error }
      throw .unsupported(
        feature: "\(rule.family.text) routing rules",
        option: rule.family == .ipv4
          ? "CONFIG_IP_MULTIPLE_TABLES" : "CONFIG_IPV6_MULTIPLE_TABLES")
    }
  }

  /// False where it was gone already: somebody else was faster, or it went with its interface.
  private mutating func delete(_ message: RouteMessage, _ what: String) throws(RoutingError) -> Bool
  {
    do throws(RoutingError) {
      try change(message.deletion, what)
      return true
    } catch .refused(_, let errno, _) where errno.code == ENOENT || errno.code == ESRCH {
      return false
    }
  }

  /// All of ours. A family that the kernel doesn't have has none.
  fileprivate mutating func own() throws(RoutingError) -> Own {
    try steady("the routing rules") { (socket: inout RouteSocket) throws(RoutingError) in
      var own = Own()
      for family in RoutingFamily.allCases {
        for message in try socket.listIfAny(.rules(of: family), "the \(family.text) rules") {
          guard let rule = message.ownRule, rule.family == family else { continue }
          own.rules.append(Listed(entry: rule, message: message))
        }
        // Asked for a family that isn't there, the kernel lists the routes of all others.
        for message in try socket.listIfAny(.routes(of: family), "the \(family.text) routes") {
          guard let route = message.ownRoute, route.family == family else { continue }
          own.routes.append(Listed(entry: route, message: message))
        }
      }
      return own
    }
  }

  fileprivate mutating func interfaces() throws(RoutingError) -> [NetworkInterface] {
    try steady("the interfaces") { (socket: inout RouteSocket) throws(RoutingError) in
      NetworkInterface.all(
        links: try socket.list(.links, "the interfaces"),
        addresses: try socket.list(.addresses, "the addresses"))
    }
  }

  /// Reads until it reads the same twice: the number by which the kernel notices a change grows
  /// after the change, so that the last piece of a list can be torn without a word.
  private mutating func steady<Value: Equatable>(
    _ what: String, _ read: (inout RouteSocket) throws(RoutingError) -> Value
  ) throws(RoutingError) -> Value {
    var last = try read(&self)
    for _ in 0..<20 {
      let next = try read(&self)
      if next == last { return next }
      last = next
    }
    throw .unsteady(what: what)
  }

  private mutating func listIfAny(
    _ question: RouteMessage, _ what: String
  ) throws(RoutingError) -> [RouteMessage] {
    do throws(RoutingError) {
      return try list(question, what)
    } catch {
      if error.meansNoSuchFamily { return [] }
      throw error
    }
  }
}

/// Whether IPv6 packets can arrive here at all.
private enum IPv6Switch {
  /// The families that rules are needed for: IPv6 isn't where the kernel has none, or where it is
  /// switched off on every interface that the rules mean.
  static func families(
    for rules: [RoutingRule], among interfaces: [NetworkInterface]
  ) throws(RoutingError) -> [RoutingFamily] {
    var names = rules.compactMap(\.interface)
    if names.count < rules.count {
      // From anywhere: what is there now, and what may still come.
      names += interfaces.filter { !$0.isLoopback }.map(\.name) + ["default"]
    }
    for name in names where try !isOff(name) { return [.ipv4, .ipv6] }
    return [.ipv4]
  }

  private static func isOff(_ interface: String) throws(RoutingError) -> Bool {
    let path = "/proc/sys/net/ipv6/conf/\(interface)/disable_ipv6"
    do throws(Errno) {
      return try SmallFile.read(path).first == "1"
    } catch {
      guard error.code == ENOENT else { throw .system(call: "open(\(path))", error) }
      // The interface is still to come, or the kernel has no IPv6.
      return interface == "default" ? true : try isOff("default")
    }
  }
}
