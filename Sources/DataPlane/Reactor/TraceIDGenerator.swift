import Telemetry

/// Makes identifiers for trace context. W3C asks that they be random, not that they be secret. One
/// per worker.
struct TraceIDGenerator {
  private var random: Xoshiro256

  init(seed: inout some RandomNumberGenerator) { random = Xoshiro256(seed: &seed) }

  mutating func nextParentID() -> UInt64 { random.next() }

  mutating func nextTraceID() -> UInt128 {
    UInt128(random.next()) << 64 | UInt128(random.next())
  }
}
