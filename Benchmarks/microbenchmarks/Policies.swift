import Addressing
import Policy
import Samples
import SeededRandom

extension Suite {
  /// What a decision costs, over flows of which about half pass.
  mutating func measurePolicy() throws {
    for count in [10, 1000, 100_000] {
      try measure("decide: \(count) rules", try Decide(rules: count))
    }
    try measure(
      "decide: 20 rules for each of 1000 clients", try Decide(rules: 20, policies: 1000))
  }
}

/// One decision after the other, about flows that lie in the processor's caches.
private struct Decide: Operation {
  private static let flowCount = 256

  let ruleset: Ruleset
  let flows: [Flow]
  let sources: [IPAddress]
  private var next = 0

  /// - Parameter policies: clients that have as many rules each; 0: all have the same ones.
  init(rules: Int, policies: Int = 0) throws {
    let shape = Shape.mixed
    let text =
      policies == 0
      ? shape.document(rules: rules) : shape.document(rules: rules, policies: policies)
    ruleset = try Ruleset.load(Array(text.utf8))
    var random = SeededGenerator(seed: 1)
    flows = try (0..<Self.flowCount).map { _ in try shape.flow(rules: rules, &random) }
    sources = (0..<Self.flowCount).map { _ in
      policies == 0
        ? IPAddress("10.0.0.9")!
        : .v4(Shape.source(ofPolicy: .random(in: 0..<policies, using: &random)))
    }
  }

  mutating func perform() -> Int {
    let index = next
    next = (index + 1) % Self.flowCount
    switch ruleset.decide(flows[index], from: sources[index], at: 1) {
    case .allow(_, let wouldDeny): return wouldDeny == nil ? 1 : 0
    case .deny: return 1
    }
  }
}
