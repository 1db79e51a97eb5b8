internal import CLinux

/// A point of the monotonic clock, in nanoseconds.
package struct Instant: Comparable, Hashable, Sendable {
  package var nanoseconds: UInt64

  package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  package static func now() -> Instant { Instant(nanoseconds: pl_monotonic_clock()) }

  /// Nanoseconds since the Unix epoch, for what people read; never for deadlines.
  package static func wallClock() -> UInt64 { pl_wall_clock() }

  package static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }

  package static func + (instant: Self, nanoseconds: UInt64) -> Self {
    Instant(nanoseconds: instant.nanoseconds &+ nanoseconds)
  }

  package static func - (instant: Self, nanoseconds: UInt64) -> Self {
    Instant(nanoseconds: instant.nanoseconds &- nanoseconds)
  }

  /// Nanoseconds from `other` to this; 0 where `other` is later.
  package func since(_ other: Instant) -> UInt64 {
    nanoseconds > other.nanoseconds ? nanoseconds - other.nanoseconds : 0
  }
}
