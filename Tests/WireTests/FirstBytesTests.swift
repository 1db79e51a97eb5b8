import SeededRandom
import Testing
import Wire

@Suite("A connection's first bytes")
struct FirstBytesTests {
  static let decided: [(String, FirstBytes)] = [
    ("\u{16}\u{3}\u{1}", .tls), ("\u{16}\u{3}", .tls),
    ("\u{15}\u{3}\u{1}\0\u{2}", .malformedTLS), ("\u{14}\u{3}", .malformedTLS),
    ("\u{17}\u{3}\u{3}", .malformedTLS),
    ("\u{16}\u{2}", .opaque), ("\u{15}x", .opaque),
    ("GET ", .http), ("GET x", .http), ("POST /", .http), ("CONNECT a:443", .http),
    ("OPTIONS *", .http), ("DELETE ", .http), ("PATCH ", .http), ("HEAD ", .http),
    ("PUT ", .http), ("TRACE ", .http),
    ("PROPFIND /", .http), ("get /", .http), ("FOO *", .http), ("M-SEARCH *", .http),
    ("FOO http://", .http), ("FOO HTTPS://", .http), ("PRI /", .http), ("PRI * HTTP/1.1", .http),
    ("PRI * HTTP/2.0", .http2), ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .http2),
    ("PRI * HTTP/2.1", .http), ("PRI  * HTTP/2.0", .opaque), ("pri * HTTP/2.0", .http),
    ("SSH-2.0-OpenSSH_9.2p1 Debian-2", .opaque), ("SSH-2.0-OpenSSH_9.2\r", .opaque),
    ("EHLO mail.example.com", .opaque), ("EHLO httpx", .opaque), ("*1\r\n$4\r\nPING", .opaque),
    ("PING\r\n", .opaque), ("\r\nGET / HTTP/1.1", .opaque), ("\n", .opaque), ("\0", .opaque),
    (" GET /", .opaque), ("GET\t/", .opaque), ("{\"jsonrpc\"", .opaque), ("GET/ ", .opaque),
    (String(repeating: "A", count: 32) + " /", .opaque),
    (String(repeating: "A", count: 31) + " /", .http),
    ("FOO http:\u{f}", .opaque), ("FOO ftp://", .opaque),
    // DTLS, and the startup packet of PostgreSQL.
    ("\u{16}\u{fe}", .opaque), ("\0\0\0\u{8}\u{4}", .opaque),
  ]

  /// Opaque here, and what some server would make a request of.
  static let resembling: [(String, Bool)] = [
    (" GET /", true), ("\t", true), ("\r\nGET /", true), ("\nG", true), ("\u{b}GET", true),
    ("GET\t/", true), ("FOO\u{c}/", true), ("FOO  / HTTP/1.1", true), ("FOO ftp://b/", true),
    ("EHLO a", true), (String(repeating: "A", count: 32), true),
    ("SSH-2.0-OpenSSH_9.2p1 Debian-2", false), ("SSH-2.0-x\r\n", false),
    ("SSH-2.0-x  /", true), ("SSH-2.0-x\t/", true),
    ("SSH-" + String(repeating: "A", count: 32), true),
    ("PING\r\n", false), ("*1\r\n", false), ("\0\0", false), ("{\"a\": 1}", false),
  ]

  @Test("may resemble a request", arguments: resembling)
  func resembles(_ text: String, _ expected: Bool) {
    #expect(FirstBytes.resemblesRequest(Array(text.utf8).span) == expected)
  }

  @Test("are told apart", arguments: decided)
  func decides(_ input: String, _ expected: FirstBytes) {
    #expect(
      FirstBytes.classify(Array(input.unicodeScalars.map { UInt8($0.value) }).span) == expected)
  }

  @Test(
    "of SSLv2-style hellos are a TLS client that can't be judged",
    arguments: [
      ([0x80, 0x2e, 1, 3, 1], FirstBytes.malformedTLS), ([0x80, 0x2e, 1, 0, 2], .malformedTLS),
      ([0x80, 0x2e, 1, 3], .malformedTLS), ([0x80, 0x2e, 1, 0], .needMore),
      ([0x80, 0x2e], .needMore), ([0x80, 0x2e, 2], .opaque), ([0x80, 0x2e, 1, 9], .opaque),
      ([0x80, 0x2e, 1, 0, 3], .opaque), ([0xff, 0xff, 0xff], .opaque),
    ] as [([UInt8], FirstBytes)])
  func sslv2(_ input: [UInt8], _ expected: FirstBytes) {
    #expect(FirstBytes.classify(input.span) == expected)
  }

  @Test(
    "that could still become anything need more",
    arguments: [
      "", "G", "GET", "FOO", "FOO ", "FOO h", "FOO HTTP", "FOO https:/", "PRI ", "PRI *",
      "PRI * HTTP/2.", "SSH-2.0-x", "\u{16}", "\u{15}", String(repeating: "A", count: 31),
    ])
  func needsMore(_ input: String) {
    #expect(FirstBytes.classify(Array(input.utf8).span) == .needMore)
  }

  @Test("once decided stay decided, and decide within 48 bytes", arguments: decided)
  func isMonotonic(_ input: String, _ expected: FirstBytes) {
    let bytes = input.unicodeScalars.map { UInt8($0.value) }
    let seen = (0...bytes.count).map { FirstBytes.classify(bytes.span.extracting(first: $0)) }
    #expect(seen.drop { $0 == .needMore }.allSatisfy { $0 == expected })
    let long = bytes + [UInt8](repeating: 0x41, count: 48)
    #expect(FirstBytes.classify(long.span.extracting(first: 48)) != .needMore)
  }

  @Test("are decided within 48 bytes whatever they are")
  func isBounded() {
    var random = SeededGenerator(seed: 48)
    let alphabet = Array("GETPRI* /htps:HTTP2.0 \u{16}\u{3}".utf8)
    for _ in 0..<20_000 {
      let bytes = (0..<48).map { _ in alphabet.randomElement(using: &random)! }
      #expect(FirstBytes.classify(bytes.span) != .needMore)
    }
  }
}
