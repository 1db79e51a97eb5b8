import Addressing
import Testing

@Suite("Blocks of addresses")
struct CIDRTests {
  @Test(
    "a block is read and written back",
    arguments: [
      ("10.0.0.0/8", "10.0.0.0/8"), ("0.0.0.0/0", "0.0.0.0/0"), ("10.0.0.1/32", "10.0.0.1"),
      ("10.0.0.1", "10.0.0.1"), ("2001:DB8::/32", "2001:db8::/32"), ("::/0", "::/0"),
      ("::1/128", "::1"), ("::1", "::1"), ("255.255.255.254/31", "255.255.255.254/31"),
      ("fe80::/10", "fe80::/10"), ("::ffff:10.0.0.0/104", "::ffff:10.0.0.0/104"),
    ])
  func text(text: String, canonical: String) throws {
    let block = try #require(CIDR(text))
    #expect(block.description == canonical)
    #expect(CIDR(canonical) == block)
  }

  @Test(
    "what is no block is refused",
    arguments: [
      "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08",
      "10.0.0.0/00", "10.0.0.0/8/8", "10.0.0.0 /8", "10.0.0.0/ 8", "10.0.0.0/8 ", "10.0.0.0/x",
      "10.0.0.0/٨", "10.0.0/8", "10.0.0.0/255.0.0.0", "::/129", "::/999", "::/1000",
      "::ffff:1.2.3.4/200", "10.1.2.3/8", "2001:db8::1/32", "0.0.0.1/0", "[::]/0",
    ])
  func refused(text: String) {
    #expect(CIDR(text) == nil)
  }

  @Test("every length of either family holds its first and last address and not their neighbours")
  func boundaries() throws {
    for length in 0...32 {
      let size = UInt64(1) << (32 - length)
      let base = UInt64(0xa5a5_a5a5) / size * size
      let block = try #require(CIDR(base: v4(base), prefixLength: length))
      #expect(block.contains(v4(base)) && block.contains(v4(base + size - 1)))
      if length > 0 {
        #expect(!block.contains(v4(base - 1)) && !block.contains(v4(base + size)))
      }
      #expect(CIDR(containing: v4(base + size - 1), prefixLength: length) == block)
    }
    for length in 1...128 {
      let size = UInt128(1) << (128 - length)
      let base = UInt128(0xa5a5_a5a5_a5a5_a5a5_a5a5_a5a5_a5a5_a5a5) / size * size
      let block = try #require(CIDR(base: v6(base), prefixLength: length))
      #expect(block.contains(v6(base)) && block.contains(v6(base + (size - 1))))
      #expect(!block.contains(v6(base &- 1)) && !block.contains(v6(base &+ size)))
    }
    #expect(CIDR("::/0")?.contains(v6(.max)) == true)
  }

  @Test("the families don't hold each other, mapped or not")
  func families() throws {
    #expect(try #require(CIDR("0.0.0.0/0")).contains(try #require(IPAddress("::1"))) == false)
    #expect(
      try #require(CIDR("0.0.0.0/0")).contains(try #require(IPAddress("::ffff:1.2.3.4"))) == false)
    #expect(try #require(CIDR("::/0")).contains(try #require(IPAddress("1.2.3.4"))) == false)
  }

  @Test("a block holds the blocks within it, itself included")
  func nested() throws {
    func holds(_ a: String, _ b: String) throws -> Bool {
      try #require(CIDR(a)).contains(try #require(CIDR(b)))
    }
    #expect(try holds("10.0.0.0/8", "10.0.0.0/8"))
    #expect(try holds("10.0.0.0/8", "10.1.0.0/16"))
    #expect(try holds("::/0", "::1"))
    #expect(try !holds("10.1.0.0/16", "10.0.0.0/8"))
    #expect(try !holds("10.0.0.0/8", "11.0.0.0/16"))
    #expect(try !holds("::/0", "10.0.0.0/8"))
    #expect(try !holds("0.0.0.0/0", "::/0"))
  }

  @Test(
    "a mapped block is canonically the IPv4 block",
    arguments: [
      ("::ffff:10.0.0.0/104", "10.0.0.0/8"), ("::ffff:0:0/96", "0.0.0.0/0"),
      ("::ffff:10.0.0.1", "10.0.0.1"), ("::/0", "::/0"), ("::fffe:0:0/95", "::fffe:0:0/95"),
      ("10.0.0.0/8", "10.0.0.0/8"), ("::/96", "::/96"),
    ])
  func canonical(text: String, canonical: String) throws {
    #expect(try #require(CIDR(text)).canonical == CIDR(canonical))
  }

  @Test("a length that doesn't fit the family makes no block")
  func lengths() {
    #expect(CIDR(base: v4(0), prefixLength: 33) == nil)
    #expect(CIDR(base: v4(0), prefixLength: -1) == nil)
    #expect(CIDR(containing: v4(1), prefixLength: 33) == nil)
    #expect(CIDR(containing: v6(1), prefixLength: 129) == nil)
    #expect(CIDR(containing: v6(1), prefixLength: -1) == nil)
  }

  private func v4(_ value: UInt64) -> IPAddress {
    .v4(IPv4Address(rawValue: UInt32(truncatingIfNeeded: value)))
  }

  private func v6(_ value: UInt128) -> IPAddress { .v6(IPv6Address(rawValue: value)) }
}
