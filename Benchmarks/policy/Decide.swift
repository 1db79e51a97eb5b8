import Addressing
import CAllocations
import Configuration
import Policy
import SeededRandom

/// `decide SHAPE RULES`: prints one row of the table whose heading `decide heading` prints.
@main
struct Decide {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 3, let shape = Shape(rawValue: arguments[1]),
      let count = Int(arguments[2])
    else {
      print(
        "shape      rules     load ms   bytes/rule   p50 ns   p99 ns   mean ns   allocations")
      return
    }
    print(try measure(shape, count))
  }

  /// Decisions that are timed one by one.
  private static let decisions = 200_000

  private static func measure(_ shape: Shape, _ count: Int) throws -> String {
    // What the libraries set up at their first use is no rule's.
    _ = try load(Array(shape.document(rules: 1).utf8))
    var text = Array(shape.document(rules: count).utf8)
    let before = resident_bytes()
    let start = processor_nanoseconds()
    let ruleset = try load(text)
    let loading = processor_nanoseconds() - start
    let grown = Int(resident_bytes()) - Int(before)
    text = []

    var random = SeededGenerator(seed: 1)
    let flows = try (0..<4096).map { _ in try shape.flow(rules: count, &random) }
    var nanoseconds: [UInt64] = []
    nanoseconds.reserveCapacity(decisions)
    var allowed = 0
    let source = IPAddress("10.0.0.9")
    for round in 0..<2 {
      nanoseconds.removeAll(keepingCapacity: true)
      let allocations = allocation_count()
      for index in 0..<decisions {
        // A worker has just read the flow.
        let flow = flows[index & 4095]
        let start = nanoseconds_now()
        switch ruleset.decide(flow, from: source, at: 1) {
        case .allow: allowed += 1
        case .deny: break
        }
        nanoseconds.append(nanoseconds_now() - start)
      }
      guard round == 1 else { continue }
      let allocated = allocation_count() - allocations
      let mean = nanoseconds.reduce(0, +) / UInt64(decisions)
      nanoseconds.sort()
      return [
        shape.rawValue.padded(8), "\(count)".padded(-8),
        "\(loading / 1_000_000)".padded(-12), "\(grown / count)".padded(-13),
        "\(nanoseconds[decisions / 2])".padded(-9),
        "\(nanoseconds[decisions * 99 / 100])".padded(-9),
        "\(mean)".padded(-10), "\(allocated)".padded(-14),
        allowed * 10 < decisions || allowed * 10 > decisions * 19 ? "  (one-sided)" : "",
      ].joined()
    }
    return ""
  }

  private static func load(_ text: [UInt8]) throws -> Ruleset {
    let document = try Document.parse(text, file: "c.yaml").document
    return Ruleset(
      rules: document.egress.rules, policies: document.egress.policies,
      enforcementMode: document.enforcementMode)
  }
}

extension String {
  /// Filled up with spaces; a negative width puts them first.
  fileprivate func padded(_ width: Int) -> String {
    let fill = String(repeating: " ", count: max(0, abs(width) - count))
    return width < 0 ? fill + self : self + fill
  }
}
