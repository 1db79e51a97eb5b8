import Reporting
import Samples

/// What one allowlist costs; durations of a decision are in nanoseconds.
struct Row {
  static let columns: [Column] = [
    .text("shape", width: 6), .number("rules", width: 8), .number("load ms", width: 10),
    .number("bytes/rule", width: 11), .number("p50 ns", width: 7), .number("p99 ns", width: 7),
    .number("mean ns", width: 8), .number("allocations", width: 12),
  ]

  var shape: Shape
  var rules: Int
  var loadMilliseconds: Int
  var bytesPerRule: Int
  var median: Int
  var p99: Int
  var mean: Int
  /// Of all decisions together.
  var allocations: Int
  /// Nearly all flows passed, or nearly none.
  var isOneSided: Bool

  var text: String {
    let numbers = [rules, loadMilliseconds, bytesPerRule, median, p99, mean, allocations]
    return Self.columns.row([shape.rawValue] + numbers.map(String.init))
      + (isOneSided ? "  (one-sided)" : "")
  }

  var json: JSONLine {
    var line = JSONLine()
    line.add("shape", shape.rawValue)
    line.add("rules", rules)
    line.add("loadMilliseconds", loadMilliseconds)
    line.add("bytesPerRule", bytesPerRule)
    line.add("p50", median)
    line.add("p99", p99)
    line.add("mean", mean)
    line.add("allocations", allocations)
    return line
  }
}
