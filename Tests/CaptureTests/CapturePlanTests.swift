import Addressing
import Configuration
import Testing

@testable import Capture

@Suite("A plan is what the document says and what the machine adds")
struct CapturePlanTests {
  @Test(
    "Resolvers on this host need no rule: Docker's, systemd's, and the default",
    arguments: ["127.0.0.11", "127.0.0.53", "::1", "0.0.0.0", "::", "::ffff:127.0.0.53"])
  func ownResolvers(text: String) throws {
    let plan = CapturePlan(
      capture: Configuration.Capture(resolvers: [try #require(IPAddress(text))]))
    #expect(!plan.nftText.contains("elements = { 127"))
    #expect(Ruleset(plan).sets.map(\.elements.count) == [1, 0, 0])
  }

  @Test("Tags stay within the mark and differ", arguments: [0x1, 0x1000, 0x1000_0000])
  func marks(value: UInt32) throws {
    let mark = ConnectionMark(value: value, mask: value * 15)
    let tags = [mark.captured, mark.proxy, mark.inbound, mark.dns, mark.excluded, mark.kept]
    #expect(tags.allSatisfy { $0 & ~mark.mask == 0 && $0 != 0 })
    #expect(Set(tags).count == tags.count)
  }

  @Test("What the system's uid map says of 65534 decides whether it may be exempt")
  func overflowUID() throws {
    let plan = CapturePlan(
      capture: Configuration.Capture(proxyUIDs: [65534], resolvers: []))
    let whole = try temporaryFile("         0          0 4294967295\n")
    let mapped = try temporaryFile("         0     100000      65536\n")
    #expect(try plan.completed(uidMap: whole) == plan)
    #expect(throws: MachineError.proxyUIDUnmapped(65534)) {
      try plan.completed(uidMap: mapped)
    }
    let other = CapturePlan(capture: Configuration.Capture(resolvers: []))
    #expect(try other.completed(uidMap: mapped) == other)
  }
}
