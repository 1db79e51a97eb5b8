import CAllocations

/// What an operation cost.
struct Measurement {
  /// Nanoseconds of processor time for each operation, of one run after the other, ascending.
  /// Empty where only allocations were counted.
  var durations: [Double] = []
  /// Of all operations that were counted.
  var allocations = 0
  var operations = 0

  var median: Double { durations[durations.count / 2] }
}

/// How thoroughly it is measured.
struct Effort {
  /// Runs whose durations are told.
  var runs: Int
  /// Nanoseconds of a run, at the least.
  var runLength: UInt64

  static let full = Effort(runs: 31, runLength: 10_000_000)
  /// Allocations only.
  static let counting = Effort(runs: 0, runLength: 0)
}

extension Operation where Self: ~Copyable {
  /// Warms up, then measures.
  mutating func measure(_ effort: Effort) -> Measurement {
    let expected = perform()
    precondition(expected != 0, "an operation that does nothing")
    repeatedly(Self.warmUp, expected)

    var measurement = Measurement()
    count(Self.counted, expected, into: &measurement)
    guard effort.runs > 0 else { return measurement }

    let length = runLength(of: effort, expected)
    for _ in 0..<effort.runs {
      let start = processor_nanoseconds()
      repeatedly(length, expected)
      let lasted = processor_nanoseconds() - start
      measurement.durations.append(Double(lasted) / Double(length))
    }
    measurement.durations.sort()
    return measurement
  }

  /// Buffers grow, and the libraries set up what they set up at their first use.
  private static var warmUp: Int { 100 }
  private static var counted: Int { 1000 }

  private mutating func count(
    _ operations: Int, _ expected: Int, into measurement: inout Measurement
  ) {
    let before = allocation_count()
    repeatedly(operations, expected)
    measurement.allocations += Int(allocation_count() - before)
    measurement.operations += operations
  }

  /// How many operations take as long as a run should.
  private mutating func runLength(of effort: Effort, _ expected: Int) -> Int {
    var length = 1
    while true {
      let start = processor_nanoseconds()
      repeatedly(length, expected)
      if processor_nanoseconds() - start >= effort.runLength { return length }
      length *= 2
    }
  }

  private mutating func repeatedly(_ times: Int, _ expected: Int) {
    for _ in 0..<times {
      // Nobody knows what this call reads and writes: what is the same each time is done each time.
      let result = passed_on(perform())
      precondition(result == expected, "an operation ended otherwise than the first time")
    }
  }
}
