/// How long something took, in fixed buckets: one thread adds, any thread reads.
///
/// Adding is some comparisons and two counters: nothing is allocated and no clock is read.
package struct Histogram: ~Copyable, Sendable {
  /// Upper bounds in nanoseconds, as Prometheus' `le` has them in seconds; one more bucket has no
  /// bound. From what a decision takes to what a slow server does.
  private static let bounds: InlineArray<17, UInt64> = [
    100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000,
    100_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000,
    10_000_000_000, 30_000_000_000,
  ]
  /// The same in seconds, as text.
  static let boundTexts = [
    "0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1",
    "0.25",
    "0.5", "1", "2.5", "5", "10", "30",
  ]

  private let buckets = InlineArray<18, Counter> { _ in Counter() }
  private let nanoseconds = Counter()

  package init() {}

  /// Only the owning thread may call it.
  package func add(nanoseconds duration: UInt64) {
    // Most of what is measured is short.
    var bucket = 0
    while bucket < 17, duration > Self.bounds[bucket] { bucket += 1 }
    buckets[bucket].add(1)
    nanoseconds.add(duration)
  }

  /// What was added so far, by bucket, not cumulated; the last one has no bound.
  var counts: [UInt64] { (0..<18).map { buckets[$0].value } }
  var sum: UInt64 { nanoseconds.value }
}
