import Testing
import Wire

/// Every byte in every place of a head: what is allowed where is written down here once more.
@Suite("The alphabet of a request head")
struct AlphabetTests {
  static let token = Set(
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)

  func accepts(_ before: String, _ byte: UInt8, _ after: String) -> Bool {
    let bytes = Array(before.utf8) + [byte] + Array(after.utf8)
    if case .found = Verdict.request(bytes) { return true }
    return false
  }

  @Test("of methods is that of tokens", arguments: UInt8.min...UInt8.max)
  func method(_ byte: UInt8) {
    #expect(accepts("A", byte, "B / HTTP/1.1\r\nHost: a\r\n\r\n") == Self.token.contains(byte))
  }

  @Test("of field names is that of tokens", arguments: UInt8.min...UInt8.max)
  func name(_ byte: UInt8) {
    let allowed = Self.token.contains(byte) || byte == UInt8(ascii: ":")
    #expect(accepts("GET / HTTP/1.1\r\nHost: a\r\nX", byte, "Y: b\r\n\r\n") == allowed)
  }

  @Test("of values is all but control bytes, HTAB excepted", arguments: UInt8.min...UInt8.max)
  func value(_ byte: UInt8) {
    let allowed = byte >= 0x20 && byte != 0x7f || byte == 0x09
    #expect(accepts("GET / HTTP/1.1\r\nHost: a\r\nX: a", byte, "b\r\n\r\n") == allowed)
  }

  /// They are looked through in steps of eight bytes.
  @Test("of values is the same at every place and beside every kind of byte", arguments: 0..<20)
  func valuePlace(_ place: Int) {
    for neighbours in ["a", "\t", "\u{ff}"] {
      let before = "GET / HTTP/1.1\r\nHost: a\r\nX: a" + String(repeating: neighbours, count: place)
      let after = String(repeating: neighbours, count: 19 - place) + "a\r\n\r\n"
      for byte in UInt8.min...UInt8.max {
        let allowed = byte >= 0x20 && byte != 0x7f || byte == 0x09
        #expect(accepts(before, byte, after) == allowed)
      }
    }
  }

  @Test("of targets is visible ASCII without #", arguments: UInt8.min...UInt8.max)
  func target(_ byte: UInt8) {
    let allowed = byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "#")
    #expect(accepts("GET /a", byte, "b HTTP/1.1\r\nHost: a\r\n\r\n") == allowed)
  }

  @Test(
    "of hosts is that of names, never what other readers split at", arguments: UInt8.min...UInt8.max
  )
  func host(_ byte: UInt8) {
    let allowed =
      byte < 0x80
      && (Self.token.subtracting("#%^`|".utf8).contains(byte) || "();=".utf8.contains(byte))
    #expect(accepts("GET / HTTP/1.1\r\nHost: a", byte, "b\r\n\r\n") == allowed)
  }
}
