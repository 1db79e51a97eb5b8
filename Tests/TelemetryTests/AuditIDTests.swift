import Foundation
import Telemetry
import Testing

@Suite("An audit identifier")
struct AuditIDTests {
  @Test("has the text of RFC 9562's example of version 7")
  func specificationExample() {
    // Appendix A.6: unix_ts_ms 0x017F22E279B0, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
    let id = AuditID(
      milliseconds: 0x017f_22e2_79b0, random: 0xcc3 << 62 | 0x18c4_dc0c_0c07_398f)
    #expect(id.description == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
  }

  @Test("carries version 7 and its variant whatever was drawn")
  func versionAndVariant() {
    for random in [0, .max] as [UInt128] {
      let text = Array(AuditID(milliseconds: .max, random: random).description)
      #expect(text[14] == "7")
      #expect("89ab".contains(text[19]))
    }
  }

  @Test("holds the millisecond it was made in")
  func time() throws {
    var seed = SystemRandomNumberGenerator()
    var generator = AuditIDGenerator(seed: &seed)
    let id = generator.next(at: 1_795_244_400_123_999_999)
    #expect(id.rawValue >> 80 == 1_795_244_400_123)
    #expect(UUID(uuidString: id.description) != nil)
  }

  @Test("is greater than the one before, within a millisecond and when the clock steps back")
  func monotonic() {
    var seed = SystemRandomNumberGenerator()
    var generator = AuditIDGenerator(seed: &seed)
    var previous = generator.next(at: 5_000_000_000)
    for time in [UInt64](repeating: 5_000_000_000, count: 100_000) + [4_000_000_000, 0, 5_000_000] {
      let next = generator.next(at: time)
      #expect(next > previous)
      previous = next
    }
    #expect(previous.rawValue >> 80 == 5000)
  }

  @Test("differs between workers of one process in the same millisecond")
  func workersDiffer() {
    var seed = SystemRandomNumberGenerator()
    let ids = (0..<64).map { _ in
      var generator = AuditIDGenerator(seed: &seed)
      return generator.next(at: 1_000_000)
    }
    #expect(Set(ids).count == 64)
  }

  @Test("survives a seed of zeros, the one state its generator never leaves")
  func zeroSeed() {
    var zeros = ZerosThenOne()
    var generator = AuditIDGenerator(seed: &zeros)
    #expect(generator.next(at: 1_000_000) != generator.next(at: 1_000_000))
  }
}

private struct ZerosThenOne: RandomNumberGenerator {
  var drawn = 0
  mutating func next() -> UInt64 {
    drawn += 1
    return drawn <= 4 ? 0 : 1
  }
}
