import Addressing
import Glibc
import SeededRandom
import Testing

@Suite("Text of addresses")
struct IPAddressTests {
  @Test(
    "IPv4 is four decimal numbers",
    arguments: [
      ("0.0.0.0", 0), ("127.0.0.1", 0x7f00_0001), ("255.255.255.255", 0xffff_ffff),
      ("10.20.30.40", 0x0a14_1e28), ("192.0.2.1", 0xc000_0201),
    ] as [(String, UInt32)])
  func v4(text: String, value: UInt32) throws {
    let address = try #require(IPv4Address(text))
    #expect(address.rawValue == value)
    #expect(address.description == text)
    #expect(IPAddress(text) == .v4(address))
  }

  @Test(
    "IPv4 in any other form is refused",
    arguments: [
      "", "1", "1.2", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "256.0.0.1", "1.2.3.256",
      "01.2.3.4", "1.2.3.04", "00.0.0.0", "0x7f.0.0.1", "127.1", "2130706433", "1.2.3.4 ",
      " 1.2.3.4", "1.2.3.4\n", "1.2.3.4\0", "+1.2.3.4", "-1.2.3.4", "1.2.3.a", "１.2.3.4",
      "1.2.3.4/32", "99999999999999999999.0.0.0", "1.2.3.٤",
    ])
  func v4Refused(text: String) {
    #expect(IPv4Address(text) == nil)
    #expect(IPAddress(text) == nil)
  }

  @Test(
    "every form of RFC 4291 §2.2 is read, and RFC 5952's is written",
    arguments: [
      ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("0:0:0:0:0:0:0:0", "::"),
      ("ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", "abcd:ef01:2345:6789:abcd:ef01:2345:6789"),
      ("2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"),
      ("FF01:0:0:0:0:0:0:101", "ff01::101"), ("0:0:0:0:0:0:0:1", "::1"),
      ("0:0:0:0:0:0:13.1.68.3", "::d01:4403"), ("::13.1.68.3", "::d01:4403"),
      ("0:0:0:0:0:FFFF:129.144.52.38", "::ffff:129.144.52.38"),
      ("::ffff:8190:3426", "::ffff:129.144.52.38"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
      ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
      // RFC 5952 §4.1: leading zeros go.
      ("2001:0db8::0001", "2001:db8::1"),
      // §4.2.1: as short as possible.
      ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"), ("2001:db8::0:1", "2001:db8::1"),
      // §4.2.2: a single zero is not shortened.
      ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
      ("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
      ("0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7"), ("::1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7"),
      ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
      // §4.2.3: the longest run, and the first of equals.
      ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
      // §4.3: lower case.
      ("2001:DB8::AAAA", "2001:db8::aaaa"),
    ])
  func v6(text: String, canonical: String) throws {
    let address = try #require(IPv6Address(text))
    #expect(address.description == canonical)
    #expect(IPv6Address(canonical) == address)
    #expect(IPAddress(text) == .v6(address))
  }

  @Test(
    "what is no IPv6 address is refused",
    arguments: [
      "", ":", ":::", "1", "1:", ":1", "1:2", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3",
      "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1:2:3:4::5:6:7:8", "12345::", "g::", "::1 ",
      " ::1",
      "::1\0", "[::1]", "::1%eth0", "::1/128", "1.2.3.4", "::1.2.3", "::1.2.3.4.5", "::256.1.1.1",
      "::01.2.3.4", "1.2.3.4::", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", ":1::", "1::2:", "+1::",
      "::0x1", "::-1", "：：1", "::１",
    ])
  func v6Refused(text: String) {
    #expect(IPv6Address(text) == nil)
  }

  @Test("an IPv4-mapped address is canonically the IPv4 address, nothing else is")
  func canonical() throws {
    #expect(IPAddress("::ffff:10.0.0.1")?.canonical == IPAddress("10.0.0.1"))
    #expect(IPAddress("::ffff:0:0")?.canonical == IPAddress("0.0.0.0"))
    for text in ["10.0.0.1", "::10.0.0.1", "::fffe:10.0.0.1", "1::ffff:10.0.0.1", "64:ff9b::a00:1"]
    {
      let address = try #require(IPAddress(text))
      #expect(address.canonical == address)
    }
  }

  @Test("an endpoint puts IPv6 in brackets, and an original destination is canonical")
  func endpoints() throws {
    let v6 = Endpoint(address: try #require(IPAddress("2001:db8::1")), port: 443)
    #expect(v6.description == "[2001:db8::1]:443")
    let mapped = Endpoint(address: try #require(IPAddress("::ffff:10.0.0.1")), port: 80)
    #expect(OriginalDestination(mapped).description == "10.0.0.1:80")
    #expect(ClientAddress(mapped).description == "[::ffff:10.0.0.1]:80")
  }

  @Test("near misses are read as the C library reads them")
  func againstLibc() {
    var random = SeededGenerator(seed: 11)
    let v4 = Array("0123456789....0125"), v6 = Array("0123abcfF::::::..1")
    var read = 0
    for _ in 0..<20_000 {
      let length = Int.random(in: 1...16, using: &random)
      let text4 = String((0..<length).map { _ in v4.randomElement(using: &random)! })
      let text6 = String((0..<length).map { _ in v6.randomElement(using: &random)! })
      #expect((IPv4Address(text4) != nil) == (libcBytes(AF_INET, text4) != nil), "\(text4)")
      let mine = IPv6Address(text6).map { bytes($0.rawValue) }
      #expect(mine == libcBytes(AF_INET6, text6), "\(text6)")
      read += mine == nil ? 0 : 1
    }
    #expect(read > 100)
  }

  @Test("every pattern of zero groups is written as the C library writes it")
  func zeroGroups() {
    for mask in 0..<256 as Range<UInt128> {
      var value: UInt128 = 0
      for group in 0..<8 as Range<UInt128> { value = value << 16 | (mask >> group & 1) * 0xa0b }
      let address = IPv6Address(rawValue: value)
      #expect(libcBytes(AF_INET6, address.description) == bytes(value))
      // The C library writes IPv4-compatible addresses with dots, RFC 5952 doesn't.
      if value >> 32 != 0 { #expect(address.description == libcText(bytes(value))) }
    }
  }

  private func bytes(_ value: UInt128) -> [UInt8] {
    (0..<16).map { UInt8(truncatingIfNeeded: value >> (120 - 8 * $0)) }
  }

  private func libcBytes(_ family: CInt, _ text: String) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 16)
    return unsafe inet_pton(family, text, &bytes) == 1 ? bytes : nil
  }

  private func libcText(_ bytes: [UInt8]) -> String {
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    _ = unsafe inet_ntop(AF_INET6, bytes, &text, socklen_t(text.count))
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8($0) }, as: UTF8.self)
  }
}
