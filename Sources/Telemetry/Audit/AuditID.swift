/// Names one audit record: a UUID of version 7 (RFC 9562 §5.7), so identifiers sort by time.
///
/// It is a name, not a secret: whoever knows one can guess others of the same worker.
package struct AuditID: Hashable, Comparable, Sendable {
  /// The UUID's 128 bits, the first byte of its text uppermost.
  package let rawValue: UInt128

  package init(rawValue: UInt128) { self.rawValue = rawValue }

  /// Lays out the fields of RFC 9562 §5.7.
  ///
  /// - Parameters:
  ///   - milliseconds: since the Unix epoch; the low 48 bits are used.
  ///   - random: the low 74 bits are used.
  package init(milliseconds: UInt64, random: UInt128) {
    let time = UInt128(milliseconds & 0xffff_ffff_ffff) << 80
    let upper = (random >> 62 & 0xfff) << 64
    let lower = random & 0x3fff_ffff_ffff_ffff
    rawValue = time | 0x7 << 76 | upper | 0b10 << 62 | lower
  }

  package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

extension AuditID: CustomStringConvertible {
  /// `0199f0c2-3f5a-7abc-8def-0123456789ab`
  package var description: String {
    var text = TextBuffer(capacity: 36)
    text.append(self)
    return text.description
  }
}

/// Makes a worker's audit identifiers: each is greater than the one before, also within one
/// millisecond and when the clock steps back (RFC 9562 §6.2, method 2).
///
/// One per worker, used by its thread alone. Workers don't coordinate: 74 random bits keep their
/// identifiers apart.
package struct AuditIDGenerator: Sendable {
  private var random: Xoshiro256
  /// Milliseconds over 74 random bits: counting on past the last of these carries into the time.
  private var last: UInt128 = 0

  /// `seed` is drawn from once, here; pass `SystemRandomNumberGenerator` except in tests.
  package init(seed: inout some RandomNumberGenerator) {
    random = Xoshiro256(seed: &seed)
  }

  /// - Parameter nanoseconds: the wall clock, since the Unix epoch.
  package mutating func next(at nanoseconds: UInt64) -> AuditID {
    let milliseconds = nanoseconds / 1_000_000
    if milliseconds > UInt64(truncatingIfNeeded: last >> 74) {
      let bits = UInt128(random.next()) << 64 | UInt128(random.next())
      last = UInt128(milliseconds) << 74 | bits >> 54
    } else {
      // A random step keeps the next identifier from being this one plus one.
      last += UInt128(random.next() >> 32) + 1
    }
    return AuditID(milliseconds: UInt64(truncatingIfNeeded: last >> 74), random: last)
  }
}
