import Addressing
import Testing

@Suite("Interfaces and patterns")
struct InterfacePatternTests {
  @Test(
    "a name or a beginning is read and written back",
    arguments: [
      ("eth0", "eth0", false), ("cali*", "cali", true), ("br-1.2_x@y", "br-1.2_x@y", false),
      ("abcdefghijklmno", "abcdefghijklmno", false), ("abcdefghijklmn*", "abcdefghijklmn", true),
    ])
  func read(text: String, name: String, isPrefix: Bool) throws {
    let pattern = try InterfacePattern(text)
    #expect(pattern.name == name)
    #expect(pattern.isPrefix == isPrefix)
    #expect(pattern.description == text)
  }

  @Test(
    "what could be none, or mean something to a shell or to nft, is refused",
    arguments: [
      ("", .empty), ("*", .everyInterface), (".", .reserved(".")), ("..", .reserved("..")),
      ("eth0;drop", .character(";")), ("a b", .character(" ")), ("a\tb", .character("\t")),
      ("a/b", .character("/")), ("eth0:1", .character(":")), ("a\"b", .character("\"")),
      ("a'b", .character("'")), ("a\\b", .character("\\")), ("a,b", .character(",")),
      ("a\0", .character("\0")), ("**", .character("*")), ("*a", .character("*")),
      ("ü", .character("ü")), ("a{", .character("{")), ("a\u{7f}", .character("\u{7f}")),
      ("abcdefghijklmnop", .tooLong(bytes: 16)), ("abcdefghijklmno*", .tooLong(bytes: 16)),
    ] as [(String, InterfacePatternError)])
  func refused(text: String, error: InterfacePatternError) {
    #expect(throws: error) { try InterfacePattern(text) }
  }

  @Test(
    "a pattern matches every name that begins so, and a name itself alone",
    arguments: [
      ("cali*", "cali1", true), ("cali*", "cali", true), ("cali*", "cal", false),
      ("cali*", "xcali", false), ("eth0", "eth0", true), ("eth0", "eth01", false),
      ("eth0", "eth", false),
    ])
  func matches(pattern: String, name: String, expected: Bool) throws {
    #expect(try InterfacePattern(pattern).matches(name) == expected)
  }

  @Test("what others cover is left out")
  func coalesced() throws {
    let texts = ["veth1", "cali12*", "eth0", "cali*", "cali1", "eth0", "eth", "v*"]
    #expect(
      try texts.map { try InterfacePattern($0) }.coalesced().map(\.description) == [
        "cali*", "eth", "eth0", "v*",
      ])
  }
}
