import Addressing
import Foundation
import Telemetry
import Testing

@Suite("Text written without allocating")
struct TextBufferTests {
  @Test(
    "gives an address the text that Addressing gives it",
    arguments: [
      "0.0.0.0", "255.255.255.255", "10.0.0.1", "100.20.3.99", "192.168.109.10",
      "::", "::1", "1::", "2001:db8::", "2001:db8::1", "2001:db8:0:1:1:1:1:1", "::ffff:10.1.2.3",
      "::ffff:0:10.1.2.3", "2001:db8:0:0:1:0:0:1", "2001:0:0:1:0:0:0:1", "fe80::1:0:0:0",
      "0:1:0:1:0:1:0:1", "1:0:1:0:1:0:1:0", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7::",
      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "64:ff9b::10.0.0.1", "2001:db8::ffff:a01:203",
      "1:10:100:1000::f",
    ])
  func addresses(text: String) throws {
    let address = try #require(IPAddress(text))
    var buffer = TextBuffer()
    buffer.append(address)
    #expect(buffer.description == address.description)
  }

  @Test("gives addresses of every pattern of zero groups the same text")
  func zeroGroupPatterns() {
    for pattern in 0..<256 {
      var value: UInt128 = 0
      for group in 0..<8 {
        let isZero = pattern >> group & 1 == 1
        value = value << 16 | (isZero ? 0 : 0xf << UInt128(4 * (group % 4)))
      }
      let address = IPAddress.v6(IPv6Address(rawValue: value))
      var buffer = TextBuffer()
      buffer.append(address)
      #expect(buffer.description == address.description)
    }
  }

  @Test(
    "writes numbers in base 10",
    arguments: [0, 1, 9, 10, 99, 100, 1_000_000, 18_446_744_073_709_551_615] as [UInt64])
  func numbers(value: UInt64) {
    var buffer = TextBuffer()
    buffer.append(decimal: value)
    #expect(buffer.description == String(value))
  }

  @Test(
    "writes times as RFC 3339 in UTC",
    arguments: [
      (0, "1970-01-01T00:00:00.000000000Z"),
      (1, "1970-01-01T00:00:00.000000001Z"),
      (951_782_399_999_999_999, "2000-02-28T23:59:59.999999999Z"),
      (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"),
      (1_709_251_199_500_000_000, "2024-02-29T23:59:59.500000000Z"),
      (1_735_689_599_000_000_000, "2024-12-31T23:59:59.000000000Z"),
      (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000000Z"),
      (.max, "2554-07-21T23:34:33.709551615Z"),
    ] as [(UInt64, String)])
  func times(nanoseconds: UInt64, text: String) {
    var timestamp = TimestampText()
    var buffer = TextBuffer()
    timestamp.append(nanoseconds, to: &buffer)
    timestamp.append(nanoseconds, to: &buffer)
    #expect(buffer.description == text + text)
  }

  @Test("does not mistake one second for another that it wrote before")
  func rememberedSecond() {
    var timestamp = TimestampText()
    var buffer = TextBuffer()
    for second in [5, 0, 5, 6, 5] as [UInt64] {
      buffer.removeAll()
      timestamp.append(second * 1_000_000_000, to: &buffer)
      #expect(buffer.description == "1970-01-01T00:00:0\(second).000000000Z")
    }
  }

  @Test("agrees with Foundation's calendar on every fifth day until 2554")
  func calendar() throws {
    let style = Date.ISO8601FormatStyle()
    var timestamp = TimestampText()
    var buffer = TextBuffer()
    for day in stride(from: 0, to: 213_500, by: 5) {
      let second = day * 86_400 + day % 86_400
      buffer.removeAll()
      timestamp.append(UInt64(second) * 1_000_000_000, to: &buffer)
      let expected = Date(timeIntervalSince1970: Double(second)).formatted(style)
      try #require(buffer.description == expected.dropLast() + ".000000000Z")
    }
  }
}
