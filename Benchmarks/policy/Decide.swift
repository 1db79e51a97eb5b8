import Addressing
import CAllocations
import Policy
import Reporting
import Samples
import SeededRandom

/// `decide SHAPE RULES FILE`: prints one row of the table whose heading `decide heading` prints, and
/// appends it to the file as a line of JSON.
@main
struct Decide {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let shape = Shape(rawValue: arguments[1]),
      let count = Int(arguments[2])
    else {
      return print(Row.columns.heading)
    }
    let row = try measure(shape, count)
    print(row.text)
    try row.json.append(to: arguments[3])
  }

  /// Decisions that are timed one by one.
  private static let decisions = 200_000

  private static func measure(_ shape: Shape, _ count: Int) throws -> Row {
    // What the libraries set up at their first use is no rule's.
    _ = try Ruleset.load(Array(shape.document(rules: 1).utf8))
    var text = Array(shape.document(rules: count).utf8)
    let before = resident_bytes()
    let start = processor_nanoseconds()
    let ruleset = try Ruleset.load(text)
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
      return Row(
        shape: shape, rules: count, loadMilliseconds: Int(loading / 1_000_000),
        bytesPerRule: grown / count, median: Int(nanoseconds[decisions / 2]),
        p99: Int(nanoseconds[decisions * 99 / 100]), mean: Int(mean), allocations: allocated,
        isOneSided: allowed * 10 < decisions || allowed * 10 > decisions * 19)
    }
    preconditionFailure("the second round counts")
  }
}
