import Addressing
import Testing

@Suite("Host names")
struct HostNameTests {
  private func flowName(_ bytes: [UInt8]) throws -> HostName {
    try HostName(flowBytes: bytes.span)
  }

  static let label63 = String(repeating: "a", count: 63)
  /// 253 bytes: three labels of 63, one of 61.
  static let longest = [label63, label63, label63, String(repeating: "b", count: 61)]
    .joined(separator: ".")

  @Test(
    "a name is folded to lower case and loses one trailing dot",
    arguments: [
      ("example.com", "example.com"), ("EXAMPLE.Com", "example.com"),
      ("example.com.", "example.com"), ("a", "a"), ("A.", "a"),
      ("_sip._tcp.Example", "_sip._tcp.example"),
      ("-a-.b-", "-a-.b-"), ("xn--MNCHEN-3ya.de", "xn--mnchen-3ya.de"), ("1.2.3.4", "1.2.3.4"),
      (label63 + ".com", label63 + ".com"), (longest, longest), (longest + ".", longest),
    ])
  func accepted(text: String, name: String) throws {
    let parsed = try flowName(Array(text.utf8))
    #expect(parsed.description == name)
    #expect(try HostName(text) == parsed)
    #expect(parsed.hashValue == (try HostName(name)).hashValue)
    #expect(try flowName(Array(name.utf8)) == parsed)
  }

  @Test(
    "what is no name is refused by its first fault",
    arguments: [
      ("", .empty), (".", .empty), ("..", .badLabel), ("example.com..", .badLabel),
      (".example.com", .badLabel), ("a..b", .badLabel), (label63 + "a.com", .badLabel),
      ("a." + label63 + "a", .badLabel), (longest + "b", .tooLong), (longest + "b.", .tooLong),
      (longest + ".c", .tooLong), ("a\0", .badByte), ("\0", .badByte), ("a b", .badByte),
      ("a\t", .badByte), ("a\n", .badByte), ("a\u{7f}", .badByte), ("*.example.com", .badByte),
      ("a:443", .badByte), ("[::1]", .badByte), ("a/b", .badByte), ("a@b", .badByte),
      ("a%2e", .badByte), ("a,b", .badByte), ("a;b", .badByte), ("a\\b", .badByte),
      ("a'b", .badByte),
    ] as [(String, HostName.ParseError)])
  func refused(text: String, error: HostName.ParseError) {
    #expect(throws: error) { try flowName(Array(text.utf8)) }
    #expect(throws: error) { try HostName(text) }
  }

  @Test("in a flow every byte that is neither letter, digit, -, _ nor dot is refused")
  func everyByte() throws {
    let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.".utf8)
    for byte in UInt8.min...UInt8.max {
      let bytes = [UInt8(ascii: "a"), byte, UInt8(ascii: "b")]
      if allowed.contains(byte) {
        #expect(
          try flowName(bytes).description == String(decoding: bytes, as: UTF8.self).lowercased())
      } else {
        #expect(throws: HostName.ParseError.badByte) { try flowName(bytes) }
      }
    }
  }

  @Test("in a flow a U-label is refused: no client sends one, and readers disagree about it")
  func flowUnicode() {
    #expect(throws: HostName.ParseError.badByte) { try flowName(Array("münchen.de".utf8)) }
    #expect(throws: HostName.ParseError.badByte) { try flowName([0xff, 0x2e, 0x61]) }
  }

  @Test(
    "in a document U-labels become A-labels, as UTS #46 maps them without transition",
    arguments: [
      ("münchen.de", "xn--mnchen-3ya.de"), ("MÜNCHEN.DE", "xn--mnchen-3ya.de"),
      ("mu\u{308}nchen.de", "xn--mnchen-3ya.de"), ("faß.de", "xn--fa-hia.de"),
      ("βόλος.com", "xn--nxasmm1c.com"), ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
      ("ｅｘａｍｐｌｅ.com", "example.com"), ("пример.рф.", "xn--e1afmkfd.xn--p1ai"),
      ("_dmarc.bücher.example", "_dmarc.xn--bcher-kva.example"), ("a．b", "a.b"),
      ("１２７.1", "127.1"), ("نامه\u{200c}ای.com", "xn--mgba3gch31f060k.com"),
    ])
  func unicode(text: String, name: String) throws {
    #expect(try HostName(text).description == name)
  }

  @Test(
    "a name for which IDNA has no form is refused",
    arguments: [
      ("a\u{0}ü.de", .badByte), ("ü.*.de", .badByte), ("ü .de", nil), ("a℀b.de", .badByte),
      ("ü..de", nil), ("\u{200d}.de", nil), ("\u{301}a.de", nil), ("ü\u{ffff}.de", nil),
      (String(repeating: "ü", count: 64) + ".de", nil), ("א1a.com", nil), ("ü/.de", nil),
    ] as [(String, HostName.ParseError?)])
  func unicodeRefused(text: String, error: HostName.ParseError?) {
    if let error {
      #expect(throws: error) { try HostName(text) }
    } else {
      #expect(throws: HostName.ParseError.self) { try HostName(text) }
    }
  }

  @Test("names that differ in any byte or in length differ")
  func equality() throws {
    let name = try HostName("a.example.com")
    for other in [
      "b.example.com", "a.example.con", "a.example.co", "a.example.comm", "example.com",
    ] {
      #expect(try HostName(other) != name)
    }
  }

  @Test(
    "a name whose last label is a number is the text of an address",
    arguments: [
      ("127.0.0.1", true), ("127.1", true), ("2130706433", true), ("0x7f.1", true),
      ("0x7f000001", true), ("0X7F000001", true), ("010.0.0.1", true), ("1.2.3.4.5", true),
      ("example.1", true), ("example.0x1", true), ("example.0x", true), ("0", true), ("256", true),
      ("127.0.0.1.", true), ("example.com", false), ("1.com", false), ("1e100.net", false),
      ("0x7f.com", false), ("a0x1", false), ("0xg", false), ("0b1", false), ("1a", false),
      ("x1", false),
      ("-1", false), ("1-", false), ("_1", false), ("x", false), ("0x1_", false),
    ])
  func numbers(text: String, endsInNumber: Bool) throws {
    #expect(try HostName(text).endsInNumber == endsInNumber)
  }
}
