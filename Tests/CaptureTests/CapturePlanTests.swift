import Addressing
import Testing

@testable import Capture

@Suite("A plan refuses what would not hold")
struct CapturePlanTests {
  @Test(
    "Uids that must not be exempt",
    arguments: [
      ([], .noProxyUID), ([0], .proxyUIDIsRoot), ([1337, 0], .proxyUIDIsRoot),
      ([.max], .proxyUIDInvalid), ([1337, 2000, 1337], .proxyUIDRepeated(1337)),
    ] as [([UInt32], CapturePlanError)])
  func proxyUIDs(uids: [UInt32], error: CapturePlanError) {
    #expect(throws: error) {
      try CapturePlan(ports: ProxyPorts(), proxyUIDs: uids, resolvers: .system)
    }
  }

  @Test(
    "Ports that two would share, or that are none",
    arguments: [
      (ProxyPorts(proxy: 15006), .portShared(15006, "proxyPort", "inboundPort")),
      (ProxyPorts(admin: 15021), .portShared(15021, "adminPort", "healthPort")),
      (ProxyPorts(dns: 0), .portZero("dnsPort")),
    ] as [(ProxyPorts, CapturePlanError)])
  func ports(ports: ProxyPorts, error: CapturePlanError) {
    #expect(throws: error) {
      try CapturePlan(ports: ports, proxyUIDs: [1337], resolvers: .system)
    }
  }

  @Test("A health port of 0 is off and no error")
  func healthOff() throws {
    _ = try CapturePlan(ports: ProxyPorts(health: 0), proxyUIDs: [1337], resolvers: .system)
  }

  @Test("Groups are no resolvers", arguments: ["224.0.0.251", "255.255.255.255", "ff02::fb"])
  func groups(text: String) throws {
    let address = try #require(IPAddress(text))
    #expect(throws: CapturePlanError.resolverNotUnicast(address)) {
      try CapturePlan(ports: ProxyPorts(), proxyUIDs: [1337], resolvers: .listed([address]))
    }
  }

  @Test(
    "Resolvers on this host need no rule: Docker's, systemd's, and the default",
    arguments: ["127.0.0.11", "127.0.0.53", "::1", "0.0.0.0", "::", "::ffff:127.0.0.53"])
  func ownResolvers(text: String) throws {
    let plan = try CapturePlan(
      ports: ProxyPorts(), proxyUIDs: [1337], resolvers: .listed([#require(IPAddress(text))]))
    #expect(!plan.nftText.contains("elements = { 127"))
    #expect(Ruleset(sidecar: plan).sets.map(\.elements.count) == [1, 0, 0])
  }

  @Test("The mark is a run of three bits or more", arguments: [0, 1, 0x3000, 0x5000, 0xf00f])
  func badMarks(mask: UInt32) { #expect(ConnectionMark(mask: mask) == nil) }

  @Test(
    "Tags stay within the mark and differ", arguments: [0x7, 0xf000, 0x7000_0000, 0xe000_0000])
  func marks(mask: UInt32) throws {
    let mark = try #require(ConnectionMark(mask: mask))
    let tags = [mark.captured, mark.proxy, mark.inbound, mark.dns]
    #expect(tags.allSatisfy { $0 & ~mask == 0 && $0 != 0 })
    #expect(Set(tags).count == 4)
  }

  @Test("What the system's uid map says of 65534 decides whether it may be exempt")
  func overflowUID() throws {
    let plan = try CapturePlan(
      ports: ProxyPorts(), proxyUIDs: [65534], resolvers: .listed([]))
    let whole = try temporaryFile("         0          0 4294967295\n")
    let mapped = try temporaryFile("         0     100000      65536\n")
    #expect(try plan.completed(uidMap: whole) == plan)
    #expect(throws: MachineError.plan(.proxyUIDUnmapped(65534))) {
      try plan.completed(uidMap: mapped)
    }
    let other = try CapturePlan(ports: ProxyPorts(), proxyUIDs: [1337], resolvers: .listed([]))
    #expect(try other.completed(uidMap: mapped) == other)
  }
}
