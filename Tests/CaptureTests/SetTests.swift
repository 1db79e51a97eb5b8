import Addressing
import Testing

@testable import Capture

@Suite("Sets of ranges")
struct SetTests {
  private func text(_ set: NamedSet) -> String {
    Ruleset(table: TableIdentity(.inet, "x"), sets: [set], chains: []).nftText
  }

  @Test(
    "Blocks that overlap or touch become one range, printed as a block where it is one",
    arguments: [
      (["10.0.0.0/8"], "10.0.0.0/8"),
      (["10.0.0.0/9", "10.128.0.0/9"], "10.0.0.0/8"),
      (["10.0.1.0/24", "10.0.2.0/24"], "10.0.1.0-10.0.2.255"),
      (["10.1.0.0/16", "10.0.0.0/8", "fd00::/8"], "10.0.0.0/8"),
      (["192.0.2.1"], "192.0.2.1"),
      (["0.0.0.0/0", "192.0.2.1"], "0.0.0.0/0"),
    ])
  func blocks(blocks: [String], printed: String) throws {
    let set = NamedSet(name: "s", ipv4: blocks.compactMap { CIDR($0) })
    #expect(
      text(set).contains("\t\ttype ipv4_addr\n\t\tflags interval\n\t\telements = { \(printed) }\n"))
  }

  @Test("A range is kept as its start and the key behind it, which the last key of all lacks")
  func keys() {
    let set = NamedSet(name: "p", ports: [443...443, 80...80, 8000...8099, 60000...65535])
    let ruleset = Ruleset(table: TableIdentity(.inet, "x"), sets: [set], chains: [])
    let elements = ruleset.change.operations.compactMap {
      if case .addElements(let set) = $0 { set.elements } else { nil }
    }.flatMap { $0 }
    #expect(
      elements.map { UInt16($0.key[0]) << 8 | UInt16($0.key[1]) }
        == [80, 81, 443, 444, 8000, 8100, 60000])
    #expect(
      elements.map(\.endsInterval) == [false, true, false, true, false, true, false])
  }

  @Test("IPv6 ranges reach the top of the family")
  func top() {
    let set = NamedSet(name: "s", ipv6: [CIDR("ff00::/8")!, CIDR("::/1")!])
    #expect(text(set).contains("elements = { ::/1,\n\t\t\t     ff00::/8 }"))
  }
}
