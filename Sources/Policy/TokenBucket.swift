internal import Synchronization

/// What is left of a rule's rate limit. Shared by all workers, without a lock.
///
/// The generic cell rate algorithm (ITU-T I.371, annex A): one number, the time at which the bucket
/// would be full again. A use moves it on by one interval, and is refused where that would be more
/// than a burst ahead of now. So no clock tick refills anything and nothing is ever lost between
/// two threads.
final class TokenBucket: Sendable {
  /// Nanoseconds of the monotonic clock.
  private let fullAt = Atomic<UInt64>(0)
  private let interval: UInt64
  /// How far ahead of now `fullAt` may be.
  private let depth: UInt64

  /// A full one.
  init(_ limit: RateLimit) {
    interval = limit.interval
    let (depth, overflows) = interval.multipliedReportingOverflow(by: UInt64(limit.burst))
    // More than a century: a bucket that in effect never refills may as well be smaller.
    self.depth = overflows ? Self.deepest : min(depth, Self.deepest)
  }

  private static let deepest: UInt64 = 1 << 62

  /// Takes one token.
  ///
  /// - Parameter now: nanoseconds of the monotonic clock.
  /// - Returns: nil, or where there is none the nanoseconds until there is one.
  func take(at now: UInt64) -> UInt64? {
    var seen = fullAt.load(ordering: .relaxed)
    while true {
      let after = max(seen, now) + interval
      if after - now > depth { return after - now - depth }
      let (exchanged, original) = fullAt.weakCompareExchange(
        expected: seen, desired: after, ordering: .relaxed)
      if exchanged { return nil }
      seen = original
    }
  }
}
