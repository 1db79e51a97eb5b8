import Addressing
import Configuration
import Testing

@testable import Capture

@Suite("A ruleset becomes what the kernel takes")
struct RulesetTests {
  private func ruleset(_ resolvers: [String] = []) throws -> Ruleset {
    Ruleset(
      CapturePlan(
        capture: Configuration.Capture(resolvers: resolvers.compactMap { IPAddress($0) })))
  }

  @Test("Chains jump only to chains that exist, and rules name only sets that exist")
  func references() throws {
    let ruleset = try ruleset()
    let chains = Set(ruleset.chains.map(\.name))
    let sets = Set(ruleset.sets.map(\.name))
    #expect(chains.count == ruleset.chains.count)
    for rule in ruleset.chains.flatMap(\.rules) {
      for statement in rule.statements {
        switch statement {
        case .goto(let chain): #expect(chains.contains(chain))
        case .dispatch(_, let branches):
          #expect(branches.allSatisfy { chains.contains($0.chain) })
        default: break
        }
      }
      for match in rule.matches {
        if case .isIn(let set) = match.test { #expect(sets.contains(set)) }
      }
    }
  }

  @Test("A chain without a hook never ends undecided, so that no policy is met by accident")
  func decided() throws {
    for chain in try ruleset().chains where chain.hook == nil {
      let last = try #require(chain.rules.last)
      #expect(last.matches.isEmpty, "\(chain.name)")
    }
  }

  @Test("The output filter drops what it doesn't know")
  func policy() throws {
    let output = try #require(ruleset().chains.first { $0.name == "output" })
    #expect(output.hook?.policy == .drop)
  }

  @Test("Every set that a transaction looks up is defined before it, by its number")
  func setsComeFirst() throws {
    var known: Set<UInt32> = []
    for operation in try ruleset(["10.0.0.1", "fd00::1"]).change.operations {
      switch operation {
      case .addSet(let set): #expect(known.insert(set.id).inserted)
      case .addElements(let set): #expect(known.contains(set.id))
      case .addRule(_, _, let expressions):
        for expression in expressions where expression.name == "lookup" {
          let ids = expression.attributes.compactMap {
            if case .word(let id) = $0.value, known.contains(id) { id } else { nil }
          }
          #expect(!ids.isEmpty)
        }
      default: break
      }
    }
  }

  @Test("A transaction replaces the table whatever it was: add, delete, add")
  func idempotence() throws {
    #expect(
      try ruleset().change.operations.prefix(3)
        == [.addTable(), .deleteTable, .addTable()])
  }

  @Test(
    "Where the table isn't there, the same is done to a new one, which nobody else may have made")
  func creation() throws {
    let change = try ruleset().change
    let creation = try #require(change.creation)
    #expect(creation.operations.first == .createTable())
    #expect(!creation.operations.contains(.deleteTable))
    #expect(creation.operations.dropFirst() == change.operations.dropFirst(3))
  }

  @Test("Empty sets are defined and not filled: the kernel refuses an empty list")
  func emptySets() throws {
    let filled = try ruleset().change.operations.compactMap {
      if case .addElements(let set) = $0, !set.isAnonymous { set.name } else { nil }
    }
    #expect(filled == ["proxy_uids"])
  }

  @Test(
    "Fields are in the byte order in which the kernel compares them",
    arguments: [
      (.port(15001), [0x3a, 0x99]),
      (.address(.v4(IPv4Address(rawValue: 0x0a4d_0235))), [10, 77, 2, 53]),
      (.prefix(CIDR("127.0.0.0/8")!), [127]),
      (.interface("lo"), [0x6c, 0x6f] + Array(repeating: 0, count: 14)),
      (.icmpv6Type(.neighbourAdvertisement), [136]),
      (.layer4Protocol(.tcp), [6]),
    ] as [(Value, [UInt8])])
  func networkOrder(value: Value, bytes: [UInt8]) { #expect(value.registerBytes == bytes) }

  @Test("Uids and marks are numbers of this machine")
  func hostOrder() {
    let uid: [UInt8] = UInt16(1).littleEndian == 1 ? [0x39, 5, 0, 0] : [0, 0, 5, 0x39]
    #expect(Value.uid(1337).registerBytes == uid)
    #expect(Value.mark(1337).registerBytes == uid)
  }

  @Test(
    "A block's mask covers what the prefix fixes",
    arguments: [
      ("fe80::/10", [0xff, 0xc0] + Array(repeating: 0, count: 14)),
      ("10.0.0.0/8", [0xff, 0, 0, 0]), ("0.0.0.0/0", [0, 0, 0, 0]),
      ("10.1.2.3/32", [0xff, 0xff, 0xff, 0xff]), ("10.1.2.2/31", [0xff, 0xff, 0xff, 0xfe]),
    ] as [(String, [UInt8])])
  func masks(block: String, bytes: [UInt8]) throws {
    #expect(try #require(CIDR(block)).maskBytes == bytes)
  }

  @Test("Sets print in nft's order and lines, whatever order they were given in")
  func setText() throws {
    let set = NamedSet(name: "u", uids: [1337, 33, 5, 6, 7, 8, 1000, 70000, 5])
    let ruleset = Ruleset(table: TableIdentity(.inet, "x"), sets: [set], chains: [])
    #expect(
      ruleset.nftText == """
        table inet x {
        \tset u {
        \t\ttype uid
        \t\telements = { 5, 6, 7, 8, 33,
        \t\t\t     1000, 1337, 70000 }
        \t}
        }

        """)
  }
}
