import Addressing
import Capture
import Foundation
import TestNetwork
import Testing

/// What `ip` says of the kernel's routing after ours was changed.
@Suite("Routing rules come and go with the capture", .enabled(if: Requirement.privileged))
struct RoutingTests {
  private static let mark: UInt32 = 0x1000

  /// Rules and routes as `ip` prints them, ours and others'.
  private struct Live: Equatable {
    var rules4: [String]
    var rules6: [String]
    var routes4: [String]
    var routes6: [String]

    init(_ place: NetworkNamespace, table: Int = 1337) throws {
      func lines(_ command: String) throws -> [String] {
        // A table that nothing is in doesn't exist.
        try place.run(["ip"] + command.split(separator: " ").map(String.init)).lines.map {
          $0.split(whereSeparator: { " \t".contains($0) }).joined(separator: " ")
        }.sorted()
      }
      rules4 = try lines("rule")
      rules6 = try lines("-6 rule")
      routes4 = try lines("route show table \(table)")
      routes6 = try lines("-6 route show table \(table)")
    }
  }

  private func rules(_ names: String?...) -> [RoutingRule] {
    names.map { RoutingRule(mark: Self.mark, interface: $0) }
  }

  /// A router with two interfaces to pods.
  private func makeNode() throws -> NetworkNamespace {
    let node = try NetworkNamespace("node")
    try node.ip("link", "add", "pod0", "type", "veth", "peer", "name", "pod1")
    for name in ["pod0", "pod1"] { try node.ip("link", "set", name, "up") }
    return node
  }

  @Test("Rules and their route are in both families, and a second run changes nothing")
  func install() throws {
    let node = try makeNode()
    let wanted = rules("pod0", "cali9")
    for _ in 1...2 {
      try node.inside { try Routing.install(wanted) }
      let live = try Live(node)
      // A rule may name an interface that is still to come.
      let ours = [
        "90: from all fwmark 0x1000/0x1000 iif cali9 [detached] lookup 1337 proto 137",
        "90: from all fwmark 0x1000/0x1000 iif pod0 lookup 1337 proto 137",
      ]
      #expect(live.rules4.filter { $0.contains("1337") } == ours)
      #expect(live.rules6.filter { $0.contains("1337") } == ours)
      #expect(live.routes4 == ["local default dev lo proto 137 scope host"])
      #expect(live.routes6 == ["local default dev lo proto 137 metric 1024 pref medium"])
    }
    let state = try node.inside { try Routing.current() }
    #expect(state.rules.count == 4)
    #expect(Set(state.rules.map(\.rule)) == Set(wanted))
    #expect(Set(state.routes.map(\.family)) == [.ipv4, .ipv6])
    #expect(state.routes.allSatisfy { $0.table == 1337 })
  }

  @Test("A run with other interfaces, another mark or table leaves exactly the new state")
  func changed() throws {
    let node = try makeNode()
    let runs: [([RoutingRule], UInt32)] = [
      (rules("pod0", "pod1"), 1337), (rules("pod1"), 1337), (rules(nil), 1337),
      ([RoutingRule(mark: 0x4_0000, interface: "pod1")], 1337), (rules("pod0"), 200),
      (rules("pod0", "pod0"), 70_000),
    ]
    for (wanted, table) in runs {
      try node.inside { try Routing.install(wanted, table: table) }
      let other = try makeNode()
      try other.inside { try Routing.install(wanted, table: table) }
      #expect(try Live(node, table: Int(table)) == Live(other, table: Int(table)))
      let state = try node.inside { try Routing.current() }
      #expect(state.rules.count == 2 * Set(wanted).count)
      #expect(state.routes.map(\.table) == [table, table])
    }
  }

  @Test("Removing takes all of ours, whatever it was, and says whether there was any")
  func remove() throws {
    let node = try makeNode()
    let before = try Live(node)
    #expect(try !node.inside { try Routing.remove() })
    let wanted = rules("pod0", "pod1", nil)
    try node.inside { try Routing.install(wanted) }
    #expect(try Live(node) != before)
    #expect(try node.inside { try Routing.remove() })
    #expect(try Live(node) == before)
    #expect(try !node.inside { try Routing.remove() })
    #expect(try node.inside { try Routing.current() }.isEmpty)
    // Its interface is gone, the rule is not.
    try node.inside { try Routing.install([RoutingRule(mark: 0x1000, interface: "pod0")]) }
    try node.ip("link", "delete", "pod0")
    #expect(try node.inside { try Routing.remove() })
    #expect(try Live(node) == before)
    try node.inside { try Routing.install([RoutingRule(mark: 0x1000, interface: "pod0")]) }
    try node.inside { try Routing.install([]) }
    #expect(try Live(node) == before)
  }

  @Test("What others have is left alone, be it the very same rule")
  func foreign() throws {
    let node = try makeNode()
    for family in ["-4", "-6"] {
      try node.ip(
        family, "rule", "add", "priority", "90", "fwmark", "0x1000/0x1000", "iif", "pod0", "table",
        "1337")
      try node.ip(
        family, "rule", "add", "priority", "512", "iif", "pod0", "table", "main", "protocol", "137")
      try node.ip(family, "rule", "add", "priority", "600", "fwmark", "0x1000", "table", "1337")
      try node.ip(family, "route", "add", "table", "1337", "blackhole", "default", "metric", "7")
    }
    let before = try Live(node)
    let wanted = rules("pod0")
    try node.inside { try Routing.install(wanted) }
    let between = try Live(node)
    #expect(between.rules4.count == before.rules4.count + 1)
    #expect(between.rules6.count == before.rules6.count + 1)
    #expect(Set(between.rules4).isSuperset(of: before.rules4))
    #expect(Set(between.routes4).isSuperset(of: before.routes4))
    #expect(try node.inside { try Routing.remove() })
    #expect(try Live(node) == before)
  }

  @Test("Rules of ours that somebody has doubled or bent are put right")
  func doubled() throws {
    let node = try makeNode()
    let wanted = rules("pod0")
    try node.inside { try Routing.install(wanted) }
    let right = try Live(node)
    for arguments in [
      "priority 90 fwmark 0x1000/0xf000 iif pod0 table 1337 protocol 137",
      "priority 5 fwmark 0x1000/0x1000 iif pod0 table 1337 protocol 137",
      "priority 90 fwmark 0x1000/0x1000 iif pod1 table 1337 protocol 137",
    ] {
      try node.run(
        ["ip", "rule", "add"] + arguments.split(separator: " ").map(String.init)
      ).checked()
    }
    #expect(try Live(node) != right)
    try node.inside { try Routing.install(wanted) }
    #expect(try Live(node) == right)
  }

  @Test("IPv6 is left out where it can't arrive, and an error where it can")
  func withoutIPv6() throws {
    let node = try makeNode()
    let wanted = rules("pod0")
    func set(_ name: String, off: Bool) throws {
      try node.run(["sysctl", "-qw", "net.ipv6.conf.\(name).disable_ipv6=\(off ? 1 : 0)"]).checked()
    }
    try set("lo", off: true)
    #expect(throws: RoutingError.ipv6OffOnLoopback) {
      try node.inside { try Routing.install(wanted) }
    }
    try set("pod0", off: true)
    try node.inside { try Routing.install(wanted) }
    let families = try node.inside { try Routing.current() }.rules.map(\.family)
    #expect(families == [.ipv4])
    // pod1 still has it.
    let everywhere = rules(nil)
    #expect(throws: RoutingError.ipv6OffOnLoopback) {
      try node.inside { try Routing.install(everywhere) }
    }
  }

  @Test("Without the privilege the error says so, and nothing changes")
  func unprivileged() throws {
    let node = try makeNode()
    let wanted = rules("pod0")
    let before = try Live(node)
    #expect(throws: RoutingError.notPermitted) {
      try node.inside {
        try Privileges.dropInThread()
        try Routing.install(wanted)
      }
    }
    #expect(try Live(node) == before)
    #expect(
      try node.inside {
        try Privileges.dropInThread()
        return try Routing.interfaces().count
      } == 3)
  }

  @Test("Interfaces are listed with their addresses of both families")
  func interfaces() throws {
    let node = try makeNode()
    try node.addAddress("10.1.2.3/24", to: "pod0")
    try node.addAddress("fd00::1/64", to: "pod0")
    try node.shell("ip address add 10.9.9.9 peer 10.9.9.10 dev pod0; ip link set pod1 down")
      .checked()
    let all = try node.inside { try Routing.interfaces() }
    #expect(Set(all.map(\.name)) == ["lo", "pod0", "pod1"])
    let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
    let (lo, pod0, pod1) = (byName["lo"]!, byName["pod0"]!, byName["pod1"]!)
    #expect(lo.isLoopback && lo.isUp && !pod0.isLoopback && pod0.isUp && !pod1.isUp)
    #expect(lo.addresses == [IPAddress("127.0.0.1")!, IPAddress("::1")!])
    let texts = pod0.addresses.map { "\($0)" }
    // Of a point-to-point address the near end counts.
    #expect(Set(texts).isSuperset(of: ["10.1.2.3", "10.9.9.9", "fd00::1"]))
    #expect(pod0.hasAddress(of: .ipv4) && pod0.hasAddress(of: .ipv6))
    #expect(!pod1.hasAddress(of: .ipv4) && !pod1.hasAddress(of: .ipv6))
  }

  @Test("A long list is never torn by others who change it while it is read")
  func long() throws {
    let node = try makeNode()
    let wanted = (0..<2000).map { RoutingRule(mark: Self.mark, interface: "pod\($0)") }
    try node.inside { try Routing.install(wanted) }
    let change = """
      rule add priority 7 table 5
      rule del priority 7 table 5

      """
    let changes = Scratch.file("changes", String(repeating: change, count: 20_000))
    let turning = try node.start(["ip", "-batch", changes])
    var whole = 0
    // While the changes come faster than the list, to say so is the only right answer.
    while turning.isRunning || whole == 0 {
      do {
        let rules = try node.inside { try Routing.current() }.rules
        #expect(Set(rules).count == 4000 && rules.count == 4000)
        whole += 1
      } catch RoutingError.unsteady {
      }
    }
    #expect(try node.inside { try Routing.remove() })
  }
}

/// Takes from one thread what it may do.
enum Privileges {
  /// Drops every effective capability of the calling thread: `capset(2)`, which is per thread.
  static func dropInThread() throws {
    typealias Set = @convention(c) (UnsafeRawPointer, UnsafeRawPointer) -> Int32
    let symbol = unsafe dlsym(dlopen(nil, RTLD_NOW), "capset")
    // Version 3, this thread; two triples of effective, permitted, inheritable.
    let header: [UInt32] = [0x2008_0522, 0]
    let none = [UInt32](repeating: 0, count: 6)
    // The C library has it under this name with this type, and the arrays are what it reads.
    let result = unsafe unsafeBitCast(symbol!, to: Set.self)(header, none)
    try #require(result == 0)
  }
}
