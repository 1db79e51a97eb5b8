/// xoshiro256** 1.0 (Blackman and Vigna): a fast generator for identifiers that need be distinct,
/// not unguessable.
package struct Xoshiro256: RandomNumberGenerator, Sendable {
  private var state: (UInt64, UInt64, UInt64, UInt64)

  package init(seed: inout some RandomNumberGenerator) {
    // All zeros is the one state it never leaves.
    repeat {
      state = (seed.next(), seed.next(), seed.next(), seed.next())
    } while state == (0, 0, 0, 0)
  }

  init(state: (UInt64, UInt64, UInt64, UInt64)) {
    precondition(state != (0, 0, 0, 0), "xoshiro256** has no all-zero state")
    self.state = state
  }

  package mutating func next() -> UInt64 {
    let scrambled = Self.rotate(state.1 &* 5, by: 7) &* 9
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = Self.rotate(state.3, by: 45)
    return scrambled
  }

  private static func rotate(_ value: UInt64, by count: UInt64) -> UInt64 {
    value << count | value >> (64 - count)
  }
}
