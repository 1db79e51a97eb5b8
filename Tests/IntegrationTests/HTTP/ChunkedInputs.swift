/// The chunked coding (RFC 9112 §7.1).
enum ChunkedInputs {
  static let all = sizes + ends + extensions + trailers + sound

  private static let sizes: [RawInput] = [
    .refusedBody("an empty size", "\r\n"),
    .refusedBody("a size of letters", "hello\r\n"),
    .refusedBody("a size in 0x", "0x5\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("a chunk size with a plus", "+5\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("a negative size", "-5\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("an underscore in a size", "5_0\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("a space before a size", " 5\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("a tab before a size", "\t5\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("a space behind a size", "5 \r\nhello\r\n0\r\n\r\n"),
    .refusedBody("a tab behind a size", "5\t\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("a space before an extension", "5 ;a=b\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("a space in a size", "0 5\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("a fraction of a chunk", "5.0\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("a comma in a size", "5,5\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("NUL behind a size", "5\u{0}\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("a superscript digit", "\u{b2}\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("g", "g\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("a quoted size", "\"5\"\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("a size of 2⁶³", "8000000000000000\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("a size of 2⁶⁴ − 1", "ffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("a size that wraps to 5", "10000000000000005\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("a size that wraps to 0", "100000000000000000000000000000000\r\n\r\n"),
    .refusedBody("17 digits of a size", "00000000000000005\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("a negative last chunk", "5\r\nhello\r\n-0\r\n\r\n"),
    .refusedBody("a last chunk in 0x", "5\r\nhello\r\n0x0\r\n\r\n"),
  ]

  private static let ends: [RawInput] = [
    .refusedBody("a bare LF behind a size", "5\nhello\r\n0\r\n\r\n"),
    .refusedBody("a bare CR behind a size", "5\rhello\r\n0\r\n\r\n"),
    .refusedBody("CR CR LF behind a size", "5\r\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("a bare LF behind data", "5\r\nhello\n0\r\n\r\n"),
    .refusedBody("a bare CR behind data", "5\r\nhello\r0\r\n\r\n"),
    .refusedBody("no line end behind data", "5\r\nhello0\r\n\r\n"),
    .refusedBody("data longer than its size", "5\r\nhello!\r\n0\r\n\r\n"),
    .refusedBody("data shorter than its size", "5\r\nhell\r\n0\r\n\r\n"),
    .refusedBody("an empty line between chunks", "5\r\nhello\r\n\r\n0\r\n\r\n"),
    .refusedBody("a bare LF behind the last size", "5\r\nhello\r\n0\n\r\n"),
    .refusedBody("a bare LF at the end of a body", "5\r\nhello\r\n0\r\n\n"),
    .refusedBody("bare LFs at the end", "5\r\nhello\r\n0\n\n"),
    .refusedBody("no empty line at the end", "5\r\nhello\r\n0\r\n"),
    .refusedBody("a body that is nothing of the kind", "hello, world"),
  ]

  private static let extensions: [RawInput] = [
    // Where some end the line, others read on (TERM.EXT and EXT.TERM).
    .refusedBody("a bare LF in an extension", "5;a\nhello\r\n0\r\n\r\n"),
    .refusedBody("a bare CR in an extension", "5;a\rhello\r\n0\r\n\r\n"),
    .refusedBody("a bare LF in a quoted extension", "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("NUL in an extension", "5;a\u{0}\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("a control byte in an extension", "5;a\u{1}\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("DEL in an extension", "5;a\u{7f}\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("a long extension", "5;\(Raw.repeating("a", 1025))\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("an extension of the last chunk with a bare LF", "0;a\n\r\n"),
    .refusedBody("an extension without a semicolon", "5 a=b\r\nhello\r\n0\r\n\r\n"),
    .refusedBody("an extension behind a comma", "5,a=b\r\nhello\r\n0\r\n\r\n"),
  ]

  private static func trailer(_ lines: String) -> String { "5\r\nhello\r\n0\r\n\(lines)\r\n" }

  private static let trailers: [RawInput] = [
    .refusedBody("a trailer without a colon", trailer("X\r\n")),
    .refusedBody("a space before a trailer's colon", trailer("X : a\r\n")),
    .refusedBody("a trailer without a name", trailer(": a\r\n")),
    .refusedBody("a folded trailer", trailer("X: a\r\n b\r\n")),
    .refusedBody("a trailer that begins with a space", trailer(" X: a\r\n")),
    .refusedBody("a bare LF behind a trailer", trailer("X: a\n")),
    .refusedBody("a bare CR behind a trailer", trailer("X: a\rY: b\r\n")),
    .refusedBody("NUL in a trailer", trailer("X: \u{0}\r\n")),
    .refusedBody("a request line for a trailer", trailer("GET /smuggled HTTP/1.1\r\n")),
    .refusedBody("Content-Length in a trailer", trailer("Content-Length: 50\r\n")),
    .refusedBody("Transfer-Encoding in a trailer", trailer("transfer-encoding: chunked\r\n")),
    .refusedBody("Host in a trailer", trailer("X: a\r\nHost: other.example.net\r\n")),
    .refusedBody("a claim in a trailer", trailer("X-Portarium-Workspace-Id: ws-other\r\n")),
    .refusedBody("a claim in a trailer, otherwise spelt", trailer("x_portarium_a: b\r\n")),
    .refusedBody("65 trailers", trailer(Raw.repeating("X: a\r\n", 65))),
    .refusedBody("a trailer of 8 KiB", trailer("X: \(Raw.repeating("a", 8192))\r\n")),
  ]

  /// A body and a request behind it, which must be found where it is.
  private static func passes(_ description: String, _ body: String, _ coding: String = "chunked")
    -> RawInput
  {
    RawInput(
      description,
      [
        .passes(Raw.post("Transfer-Encoding: \(coding)", body)), .passes(Raw.get("/behind")),
        .denied(Raw.head("DELETE /behind HTTP/1.1"), "method-not-allowed"),
      ])
  }

  private static let sound: [RawInput] = [
    RawInput(
      "a chunked body to GET and HEAD",
      [
        .passes(Raw.get("/g", "Transfer-Encoding: chunked") + "5\r\nhello\r\n0\r\n\r\n"),
        .passes(Raw.head("HEAD /g HTTP/1.1", "Transfer-Encoding: chunked") + "0\r\n\r\n"),
        .passes(Raw.get("/behind")),
      ]),
    passes("one chunk", "5\r\nhello\r\n0\r\n\r\n"),
    passes("no chunk", "0\r\n\r\n"),
    passes("CHUNKED", "5\r\nhello\r\n0\r\n\r\n", "CHUNKED"),
    passes("chunked with white space around it", "5\r\nhello\r\n0\r\n\r\n", "\tchunked \t"),
    passes("many chunks", (1...40).map { "1\r\n\($0 % 10)\r\n" }.joined() + "0\r\n\r\n"),
    passes("a size in capitals", "A\r\n0123456789\r\n0\r\n\r\n"),
    passes("leading zeros of a size", "0000000000000005\r\nhello\r\n0\r\n\r\n"),
    passes("several zeros of the last size", "5\r\nhello\r\n00000\r\n\r\n"),
    passes("extensions", "5;a=b;c=\"d;e\"\r\nhello\r\n0;f\r\n\r\n"),
    passes("spaces in an extension", "5; a = b \r\nhello\r\n0\r\n\r\n"),
    passes("obs-text in an extension", "5;a=\"\u{e9}\"\r\nhello\r\n0\r\n\r\n"),
    passes("an extension of 1,024 bytes", "5;\(Raw.repeating("a", 1024))\r\nhello\r\n0\r\n\r\n"),
    passes("trailers", "5\r\nhello\r\n0\r\nX-Sum: \tabc \r\nExpires:\r\n\r\n"),
    passes("64 trailers", "5\r\nhello\r\n0\r\n\(Raw.repeating("X: a\r\n", 64))\r\n"),
    passes(
      "trailers that only look forbidden",
      "0\r\nContent-Lengths: 5\r\nHosts: x\r\nTransfer-Encoding-: x\r\nX-Portarium: y\r\n\r\n"),
    passes("line ends as data", "4\r\n\r\n\r\n\r\n0\r\n\r\n"),
    passes("a body's end as data", "5\r\n0\r\n\r\n\r\n0\r\n\r\n"),
    passes(
      "a request as data",
      "\(String(Raw.smuggled.utf8.count, radix: 16))\r\n\(Raw.smuggled)\r\n0\r\n\r\n"),
  ]
}
