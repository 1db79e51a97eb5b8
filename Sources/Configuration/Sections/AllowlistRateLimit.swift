internal import Policy

/// `rateLimit:` of a rule.
enum RateLimitSection {
  static let perSecond = Key(
    required: "perSecond", .rate, "Uses per second in the long run; decimals are fine.")
  static let burst: Key<Int?> = Key(
    "burst", .integer(1...1_000_000), otherwise: "`perSecond`, rounded up",
    "Uses at once after a silence.")

  static let keys = [perSecond.declaration, burst.declaration]

  static let type: ValueType<RateLimit> = .section(keys) { section in
    let burst = section.read(burst)
    guard let rate = section.read(perSecond) else { return nil }
    return RateLimit(
      billionthsPerSecond: rate.billionths,
      burst: burst ?? Int((rate.billionths - 1) / 1_000_000_000 + 1))
  }
}

/// A number per second, exact to nine decimals.
struct Rate: Sendable {
  /// At least 1.
  var billionths: UInt64
}

extension ValueType where Value == Rate {
  static var rate: ValueType {
    let highest = 1_000_000
    return ValueType(shape: .positive(upTo: highest)) { node, findings in
      guard let scalar = node.scalar("a number", findings) else { return nil }
      guard scalar.isDecimal else {
        findings.error(scalar.complaint(wanted: "a number"), at: node.position)
        return nil
      }
      // The digits of seconds that are exact to the nanosecond.
      guard let value = scalar.seconds, value > .zero, value <= .seconds(highest) else {
        findings.error(
          "must be more than 0 and at most \(highest), not \(node.noun)", at: node.position)
        return nil
      }
      return Rate(billionths: UInt64(value / .nanoseconds(1)))
    }
  }
}
