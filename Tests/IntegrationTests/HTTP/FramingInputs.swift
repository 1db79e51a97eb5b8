/// Where a request ends (RFC 9112 §6): request smuggling as it was done to others.
enum FramingInputs {
  static let all = both + lengths + codings + bodies

  /// A body that is complete by either reading, and hides a request from one of them.
  private static let hidden = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: api.example.com\r\n\r\n"

  private static func post(_ fields: String) -> String { Raw.post(fields, hidden) }

  private static let both: [RawInput] = [
    .refused(
      "Content-Length before Transfer-Encoding (CL.TE)",
      post("Content-Length: 6\r\nTransfer-Encoding: chunked")),
    .refused(
      "Transfer-Encoding before Content-Length (TE.CL)",
      post("Transfer-Encoding: chunked\r\nContent-Length: 6")),
    .refused(
      "both, far apart",
      post("Content-Length: 6\r\nA: b\r\nC: d\r\nE: f\r\nTransfer-Encoding: chunked")),
    .refused("both, the length 0", post("Content-Length: 0\r\nTransfer-Encoding: chunked")),
    .refused("both, in other letters", post("content-length: 6\r\ntRANSFER-eNCODING: CHUNKED")),
    .refused("both, the coding unknown", post("Content-Length: 6\r\nTransfer-Encoding: xchunked")),
    .refused("both, the coding empty", post("Content-Length: 6\r\nTransfer-Encoding:")),
    .refused(
      "both, in HTTP/1.0",
      "POST /post HTTP/1.0\r\nHost: api.example.com\r\nContent-Length: 6\r\n"
        + "Transfer-Encoding: chunked\r\n\r\n" + hidden),
    .refused(
      "both, to GET", Raw.get("/g", "Content-Length: 6\r\nTransfer-Encoding: chunked") + hidden),
  ]

  private static let lengths: [RawInput] = [
    .refused("two lengths that differ", post("Content-Length: 5\r\nContent-Length: 6")),
    .refused("two lengths that agree", post("Content-Length: 5\r\nContent-Length: 5")),
    .refused("two lengths in other letters", post("Content-Length: 5\r\ncontent-length: 0")),
    .refused("three lengths", post("Content-Length: 5\r\nContent-Length: 5\r\nContent-Length: 5")),
    .refused("a list of lengths that agree", post("Content-Length: 5, 5")),
    .refused("a list of lengths that differ", post("Content-Length: 5,6")),
    .refused("a length and a comma", post("Content-Length: 5,")),
    .refused("an empty length", post("Content-Length:")),
    .refused("a length of spaces", post("Content-Length:  \t ")),
    .refused("a length with a plus", post("Content-Length: +5")),
    .refused("a negative length", post("Content-Length: -5")),
    .refused("minus zero", post("Content-Length: -0")),
    .refused("a length in hexadecimal", post("Content-Length: 0x5")),
    .refused("hexadecimal digits", post("Content-Length: 5a")),
    .refused("a length in octal", post("Content-Length: 0o5")),
    .refused("a fraction", post("Content-Length: 5.0")),
    .refused("an exponent", post("Content-Length: 5e0")),
    .refused("an underscore in a length", post("Content-Length: 5_0")),
    .refused("two numbers", post("Content-Length: 5 5")),
    .refused("two numbers and a tab", post("Content-Length: 5\t5")),
    .refused("a length with a parameter", post("Content-Length: 5;a=b")),
    .refused("a quoted length", post("Content-Length: \"5\"")),
    .refused("a word for a length", post("Content-Length: five")),
    .refused("a digit that isn't ASCII", post("Content-Length: \u{b2}")),
    .refused("a no-break space behind a length", post("Content-Length: 5\u{a0}")),
    .refused("a next-line byte behind a length", post("Content-Length: 5\u{85}")),
    .refused("digits of another script", post("Content-Length: \u{d9}\u{a5}")),
    .refused("NUL behind a length", post("Content-Length: 5\u{0}")),
    .refused("a vertical tab before a length", post("Content-Length: \u{b}5")),
    .refused("a folded length", post("Content-Length:\r\n 5")),
    .refused("a length of 2⁶³", post("Content-Length: 9223372036854775808"), 413),
    .refused("a length that wraps to 0", post("Content-Length: 18446744073709551616"), 413),
    .refused("a length that wraps to 6", post("Content-Length: 18446744073709551622"), 413),
    .refused("a length of 400 digits", post("Content-Length: \(Raw.repeating("9", 400))"), 413),
    .refused("a length of 400 zeros", post("Content-Length: \(Raw.repeating("0", 400))"), 413),
  ]

  private static func coding(_ value: String) -> String { post("Transfer-Encoding:\(value)") }

  private static let codings: [RawInput] = [
    .refused("chunked, then identity", coding(" chunked, identity"), 501),
    .refused("identity, then chunked", coding(" identity, chunked"), 501),
    .refused("gzip, then chunked", coding(" gzip, chunked"), 501),
    .refused("chunked, then gzip", coding(" chunked, gzip"), 501),
    .refused("chunked twice in a list", coding(" chunked, chunked"), 501),
    .refused("chunked and a comma", coding(" chunked,"), 501),
    .refused("a comma and chunked", coding(" , chunked"), 501),
    .refused("identity", coding(" identity"), 501),
    .refused("gzip", coding(" gzip"), 501),
    .refused("xchunked", coding(" xchunked"), 501),
    .refused("chunkedx", coding(" chunkedx"), 501),
    .refused("chunke", coding(" chunke"), 501),
    .refused("x chunked", coding(" x chunked"), 501),
    .refused("chunked with a parameter", coding(" chunked;q=1"), 501),
    .refused("chunked and a semicolon", coding(" chunked;"), 501),
    .refused("quoted chunked", coding(" \"chunked\""), 501),
    .refused("single quotes around chunked", coding(" 'chunked'"), 501),
    .refused("brackets around chunked", coding(" <chunked>"), 501),
    .refused("cow", coding(" cow"), 501),
    .refused("no coding", coding(""), 501),
    .refused("a vertical tab before chunked", coding(" \u{b}chunked")),
    .refused("a form feed behind chunked", coding(" chunked\u{c}")),
    .refused("NUL behind chunked", coding(" chunked\u{0}")),
    .refused("a control byte that folds to a letter", coding(" \u{3}hunked")),
    .refused("a no-break space before chunked", coding(" \u{a0}chunked"), 501),
    .refused("obs-text behind chunked", coding(" chunked\u{ff}"), 501),
    .refused("a line feed before chunked", coding("\n chunked")),
    .refused(
      "two Transfer-Encodings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")),
    .refused(
      "chunked in one field, identity in the next",
      post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity")),
    .refused(
      "identity in one field, chunked in the next",
      post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked"), 501),
    .refused(
      "chunked in HTTP/1.0",
      "POST /post HTTP/1.0\r\nHost: api.example.com\r\nTransfer-Encoding: chunked\r\n\r\n" + hidden),
  ]

  private static let bodies: [RawInput] = [
    RawInput(
      "a body as long as it says",
      [.passes(Raw.post("Content-Length: 5", "hello")), .passes(Raw.get("/behind"))]),
    RawInput(
      "a request in a body",
      [
        .passes(Raw.post("Content-Length: \(Raw.smuggled.utf8.count)", Raw.smuggled)),
        .passes(Raw.get("/behind")),
      ]),
    RawInput(
      "a length with leading zeros",
      [.passes(Raw.post("Content-Length: 0005", "hello")), .passes(Raw.get("/behind"))]),
    RawInput(
      "a length with spaces around it",
      [.passes(Raw.post("Content-Length: \t5 \t", "hello")), .passes(Raw.get("/behind"))]),
    RawInput(
      "a body to GET", [.passes(Raw.get("/g", "Content-Length: 5") + "hello")]),
    RawInput(
      "fields that only look like framing",
      [
        .passes(
          Raw.get(
            "/g",
            "Content-Lengths: 50\r\nContent_Length: 50\r\nX-Content-Length: 50\r\n"
              + "Transfer-Encodings: chunked\r\nTransfer_Encoding: chunked\r\nTE: chunked")),
        .passes(Raw.get("/behind")),
      ]),
    RawInput("no body to POST", [.passes(Raw.post("A: b")), .passes(Raw.get("/behind"))]),
  ]
}
