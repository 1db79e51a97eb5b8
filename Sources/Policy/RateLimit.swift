/// How often a rule may be used: `perSecond` in the long run, `burst` at once.
package struct RateLimit: Hashable, Sendable {
  /// The rate in billionths of a use per second, so that decimals are exact: more than 0.
  package let billionthsPerSecond: UInt64
  /// Uses at once after a silence: at least 1.
  package let burst: Int

  package init(billionthsPerSecond: UInt64, burst: Int) {
    precondition(billionthsPerSecond > 0 && burst > 0)
    self.billionthsPerSecond = billionthsPerSecond
    self.burst = burst
  }

  package init(perSecond: Int, burst: Int) {
    self.init(billionthsPerSecond: UInt64(perSecond) * 1_000_000_000, burst: burst)
  }

  /// Nanoseconds after which one more use is allowed, at least 1.
  var interval: UInt64 {
    let (quotient, remainder) = UInt64(1_000_000_000_000_000_000)
      .quotientAndRemainder(dividingBy: billionthsPerSecond)
    return max(1, remainder * 2 >= billionthsPerSecond ? quotient + 1 : quotient)
  }
}
