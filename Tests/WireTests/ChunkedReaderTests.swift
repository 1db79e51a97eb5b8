import Testing

@testable import Wire

@Suite("A chunked body")
struct ChunkedReaderTests {
  static let sound = [
    "0\r\n\r\n",
    "5\r\nhello\r\n0\r\n\r\n",
    "5\r\nhello\r\n00000\r\n\r\n",
    "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n",
    "000000000000000A\r\n0123456789\r\n0\r\n\r\n",
    "5;a=b\r\nhello\r\n0;c=\"d;e\"\r\n\r\n",
    "5;\r\nhello\r\n0\r\n\r\n",
    "5;chunk-signature=\(String(repeating: "f", count: 64))\r\nhello\r\n0\r\n\r\n",
    "4\r\n\r\n\r\n\r\n0\r\n\r\n",
    "3\r\n0\r\n\r\n0\r\n\r\n",
    "0\r\nExpires: x\r\nX-Sum:\tabc \r\n\r\n",
    "0\r\nContent-Lengths: 5\r\nContent-Lengt: 5\r\nHost-Name: x\r\n\r\n",
    "0\r\nTransfer-Encodings: x\r\nX-Portarium: y\r\n\r\n",
    "0\r\n\(String(repeating: "n", count: 300)): 5\r\nHos: a\r\n\r\n",
    "0\r\nA-very-long-trailer-name-of-no-interest: 5\r\n\r\n",
  ]

  static let refused: [(String, Int, ChunkError)] = [
    ("\r\n", 0, .badSize), ("x\r\n", 0, .badSize), (" 5\r\n", 0, .badSize),
    ("-5\r\n", 0, .badSize), ("+5\r\n", 0, .badSize), ("0x5\r\n", 1, .badSize),
    ("5 \r\nhello", 1, .badSize), ("5\t;a\r\n", 1, .badSize), ("5,5\r\n", 1, .badSize),
    (";a\r\n", 0, .badSize), ("5_0\r\n", 1, .badSize), ("\u{b2}\r\n", 0, .badSize),
    ("g\r\n", 0, .badSize), ("5\u{0}\r\n", 1, .badSize),
    ("8000000000000000\r\n", 15, .sizeTooLarge),
    ("FFFFFFFFFFFFFFFF\r\n", 15, .sizeTooLarge),
    ("10000000000000005\r\n", 16, .sizeTooLarge),
    ("00000000000000005\r\n", 16, .sizeTooLarge),
    ("5\nhello", 1, .missingLineEnd), ("5\rhello", 2, .missingLineEnd),
    ("5\r\rhello", 2, .missingLineEnd),
    ("5\r\nhello0\r\n\r\n", 8, .missingLineEnd), ("5\r\nhello\n0\r\n", 8, .missingLineEnd),
    ("5\r\nhello\r0\r\n", 9, .missingLineEnd), ("5\r\nhello!\r\n", 8, .missingLineEnd),
    ("5\r\nhello\r\n\r\n", 10, .badSize), ("0\n\r\n", 1, .missingLineEnd),
    // A line feed inside an extension: where some ended the line, others read on.
    ("5;a\nb\r\nhello", 3, .badExtension), ("5;a\u{0}\r\n", 3, .badExtension),
    ("5;a\rb\r\n", 4, .missingLineEnd),
    ("5;\(String(repeating: "a", count: 1025))\r\n", 1026, .extensionTooLong),
    ("0\r\nX\r\n", 4, .badTrailer), ("0\r\n X: y\r\n", 3, .badTrailer),
    ("0\r\nX : y\r\n", 4, .badTrailer), ("0\r\n: y\r\n", 3, .badTrailer),
    ("0\r\nX: y\n", 7, .badTrailer), ("0\r\nX: \u{0}\r\n", 6, .badTrailer),
    ("0\r\nX: y\r\n z\r\n", 9, .badTrailer), ("0\r\n\n", 3, .badTrailer),
    ("0\r\n\rX", 4, .badTrailer), ("0\r\nX: y\rZ", 8, .badTrailer),
    ("0\r\nContent-Length: 5\r\n\r\n", 17, .forbiddenTrailer),
    ("0\r\ntransfer-encoding: x\r\n\r\n", 20, .forbiddenTrailer),
    ("0\r\nA: b\r\nHost: a\r\n\r\n", 13, .forbiddenTrailer),
    ("0\r\nX-Portarium-Workspace-Id: e\r\n\r\n", 27, .forbiddenTrailer),
    ("0\r\nx_portarium_a: e\r\n\r\n", 16, .forbiddenTrailer),
    ("0\r\n" + String(repeating: "X: y\r\n", count: 65), 387, .trailerTooLarge),
    ("0\r\nX: " + String(repeating: "a", count: 8192), 3 + 8192, .trailerTooLarge),
  ]

  static func bytes(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8($0.value) } }

  @Test("ends where it ends, whatever follows", arguments: sound)
  func ends(_ body: String) {
    let bytes = Self.bytes(body)
    for behind in ["", "GET / HTTP/1.1\r\n", "\r\n", "0\r\n\r\n"] {
      var reader = ChunkedReader()
      let progress = reader.advance((bytes + Self.bytes(behind)).span)
      #expect(progress == .init(consumed: bytes.count, state: .complete))
      #expect(reader.advance(Self.bytes(behind).span) == .init(consumed: 0, state: .complete))
    }
  }

  @Test("ends at the same byte however it comes", arguments: sound)
  func everySplit(_ body: String) {
    let bytes = Self.bytes(body)
    for first in 0...bytes.count {
      var reader = ChunkedReader()
      let start = reader.advance(bytes.span.extracting(first: first))
      #expect(start.consumed == first)
      #expect(start.state == (first == bytes.count ? .complete : .more))
      let rest = reader.advance(bytes.span.extracting(droppingFirst: first))
      #expect(rest == .init(consumed: bytes.count - first, state: .complete))
    }
    var reader = ChunkedReader()
    for (index, byte) in bytes.enumerated() {
      let expected: ChunkedReader.State = index == bytes.count - 1 ? .complete : .more
      #expect(reader.advance([byte].span) == .init(consumed: 1, state: expected))
    }
  }

  @Test("that could be read in two ways is refused at its first bad byte", arguments: refused)
  func isRefused(_ body: String, _ consumed: Int, _ error: ChunkError) {
    let bytes = Self.bytes(body)
    var reader = ChunkedReader()
    #expect(reader.advance(bytes.span) == .init(consumed: consumed, state: .malformed(error)))
    #expect(reader.advance("0\r\n\r\n".utf8.span) == .init(consumed: 0, state: .malformed(error)))
    var slow = ChunkedReader()
    for byte in bytes.prefix(consumed) {
      #expect(slow.advance([byte].span) == .init(consumed: 1, state: .more))
    }
    #expect(slow.advance([bytes[consumed]].span) == .init(consumed: 0, state: .malformed(error)))
  }

  @Test(
    "may have no word about a client's certificate where that is ours to say, in any spelling",
    arguments: ["x-forwarded-client-cert", "X_Forwarded_Client_Cert", "x.forwarded-CLIENT_cert"])
  func forwardedClientCertificate(name: String) {
    let body = Self.bytes("0\r\na: b\r\n\(name): x\r\n\r\n")
    var reader = ChunkedReader(refusesForwardedClientCertificate: true)
    #expect(reader.advance(body.span).state == .malformed(.forbiddenTrailer))
    reader = ChunkedReader()
    #expect(reader.advance(body.span).state == .complete)
    for other in ["x-forwarded-client-certs", "x-forwarded-client-cer", "xx-forwarded-client-cert"]
    {
      reader = ChunkedReader(refusesForwardedClientCertificate: true)
      #expect(reader.advance(Self.bytes("0\r\n\(other): x\r\n\r\n").span).state == .complete)
    }
  }

  @Test("tells how much data may pass unseen")
  func skips() {
    var reader = ChunkedReader()
    #expect(reader.dataRemaining == 0)
    _ = reader.advance("7fffffffffffffff\r\nab".utf8.span)
    #expect(reader.dataRemaining == UInt64(Int64.max) - 2)
    reader.skip(UInt64(Int64.max) - 4)
    #expect(reader.dataRemaining == 2)
    #expect(reader.advance("cd".utf8.span) == .init(consumed: 2, state: .more))
    #expect(reader.dataRemaining == 0)
    #expect(reader.advance("\r\n3\r\n".utf8.span) == .init(consumed: 5, state: .more))
    #expect(reader.dataRemaining == 3)
    reader.skip(3)
    #expect(reader.advance("\r\n0\r\n\r\n".utf8.span) == .init(consumed: 7, state: .complete))
  }

  @Test("has no data left while a size is still being read")
  func sizeInParts() {
    var reader = ChunkedReader()
    _ = reader.advance("10".utf8.span)
    #expect(reader.dataRemaining == 0)
    #expect(reader.advance("0\r\n".utf8.span).state == .more)
    #expect(reader.dataRemaining == 256)
  }
}
