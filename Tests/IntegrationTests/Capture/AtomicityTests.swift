import Addressing
import Capture
import Configuration
import Foundation
import Kernel
import TestNetwork
import Testing

/// The transaction itself, on a thread of this process.
@Suite("A transaction happens whole or not at all", .enabled(if: Requirement.privileged))
struct AtomicityTests {
  private static func ruleset() throws -> Ruleset {
    Ruleset(CapturePlan(capture: Configuration.Capture(resolvers: [])))
  }

  /// Runs `body` on a thread of its own in a new network namespace.
  private func inNewNamespace(_ body: @escaping @Sendable () throws -> Void) throws {
    try NetworkNamespace("atomic").inside(body)
  }

  @Test("Applying twice works, removing once works, removing again finds nothing")
  func applyAndRemove() throws {
    try inNewNamespace {
      try Transaction.apply(Self.ruleset())
      try Transaction.apply(Self.ruleset())
      #expect(try Transaction.remove())
      #expect(try !Transaction.remove())
    }
  }

  @Test("A new table is not made where somebody made one meanwhile: both would be in it")
  func creationMeetsATable() throws {
    try inNewNamespace {
      let creation = try #require(try Self.ruleset().change.creation)
      try Transaction.commit([creation])
      #expect {
        try Transaction.commit([creation])
      } throws: { error in
        guard case .refused(_, let errno, _) = error as? TransactionError else { return false }
        return errno == Errno(EEXIST)
      }
      #expect(try Transaction.remove())
    }
  }

  @Test("An objection to the last message undoes all before it")
  func nothingRemains() throws {
    try inNewNamespace {
      let broken =
        try Self.ruleset().change.operations + [.addRule(chain: "missing", text: "r", [])]
      #expect(throws: TransactionError.self) {
        try Transaction.commit([TableChange(Ruleset.table, broken)])
      }
      #expect(try !Transaction.remove())
    }
  }

  @Test("What was in force before a failed transaction still is")
  func oldRemains() throws {
    try inNewNamespace {
      try Transaction.apply(Self.ruleset())
      let broken = TableChange(Ruleset.table, [.deleteTable, .addChain(Chain("orphan", []))])
      #expect(throws: TransactionError.self) { try Transaction.commit([broken]) }
      #expect(try Transaction.remove())
    }
  }

  @Test("An expression that the kernel doesn't know is named, and its option")
  func missingExpression() throws {
    try inNewNamespace {
      // Known to libnftnl, and to kernels with CONFIG_NFT_QUEUE; here its attributes are wrong too.
      let broken =
        try Self.ruleset().change.operations + [
          .addRule(
            chain: "output", text: "queue to 0",
            [KernelExpression("counter"), KernelExpression("queue")])
        ]
      #expect {
        try Transaction.commit([TableChange(Ruleset.table, broken)])
      } throws: { error in
        switch error as? TransactionError {
        case .unsupported(let feature, let option):
          feature == "the nftables expression queue (for the rule \"queue to 0\")"
            && option == "CONFIG_NFT_QUEUE"
        // A kernel that has it says that it isn't complete.
        case .refused(let what, _, _): what.contains("queue to 0")
        default: false
        }
      }
      #expect(try !Transaction.remove())
    }
  }

  @Test("Two thousand objections are read to the end and the first one is reported")
  func manyObjections() throws {
    try inNewNamespace {
      var broken = try Self.ruleset().change
      broken.operations += (0..<2000).map {
        .addRule(chain: "missing", text: "rule \($0)", [KernelExpression("counter")])
      }
      #expect {
        try Transaction.commit([broken])
      } throws: { error in
        "\(error)".contains("rule 0\"")
      }
      #expect(try !Transaction.remove())
    }
  }

  @Test("A set of 20,000 addresses fits into one transaction")
  func manyElements() throws {
    try inNewNamespace {
      var ruleset = try Self.ruleset()
      ruleset.sets[1] = NamedSet(
        name: ruleset.sets[1].name,
        addresses: (0..<20_000).map { (number: UInt32) in
          IPv4Address(rawValue: 0x0a00_0000 + number * 3)
        })
      try Transaction.apply(ruleset)
      #expect(try Transaction.remove())
    }
  }
}
