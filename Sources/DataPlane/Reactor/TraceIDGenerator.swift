/// Makes identifiers for trace context. W3C asks that they be random, not that they be secret:
/// SplitMix64 over a seed from the system, one per worker.
struct TraceIDGenerator {
  private var state: UInt64

  init(seed: inout some RandomNumberGenerator) { state = seed.next() }

  mutating func nextParentID() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  mutating func nextTraceID() -> UInt128 {
    UInt128(nextParentID()) << 64 | UInt128(nextParentID())
  }
}
