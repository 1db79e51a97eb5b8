/// Field lines (RFC 9112 §5): a name, a colon, a value, CRLF.
enum FieldInputs {
  static let all = ends + folds + names + values + limits

  private static func fields(_ lines: String) -> String { Raw.get("/f", lines) }

  private static let ends: [RawInput] = [
    .refused("a bare LF behind a value", fields("X: a\nY: b")),
    .refused("a bare LF that hides a Content-Length", fields("X: a\nContent-Length: 40")),
    .refused("a bare LF that hides a request", fields("X: a\n\nGET /smuggled HTTP/1.1")),
    .refused("a bare CR behind a value", fields("X: a\rY: b")),
    .refused("a bare CR that hides a field", fields("X: a\rTransfer-Encoding: chunked")),
    .refused("CR CR LF behind a value", fields("X: a\r")),
    .refused("a bare LF at the end", "GET /f HTTP/1.1\r\nHost: api.example.com\r\n\n"),
    .refused("a bare LF twice at the end", "GET /f HTTP/1.1\r\nHost: api.example.com\n\n"),
    .refused("CR and no LF at the end", "GET /f HTTP/1.1\r\nHost: api.example.com\r\n\rX"),
    .refused("a line feed in a name", fields("X\nY: a")),
    .refused("a carriage return in a name", fields("X\rY: a")),
    .refused("a head cut short", "GET /f HTTP/1.1\r\nHost: api.example.com\r\nX: ").cutShort,
    .refused("a head cut short at its end", "GET /f HTTP/1.1\r\nHost: api.example.com\r\n\r")
      .cutShort,
  ]

  private static let folds: [RawInput] = [
    .refused("a folded value", fields("X: a\r\n b")),
    .refused("a value folded by a tab", fields("X: a\r\n\tb")),
    .refused("a folded Content-Length", fields("X: a\r\n Content-Length: 40")),
    .refused("a folded Transfer-Encoding", fields("Transfer-Encoding:\r\n chunked"), 501),
    .refused(
      "a folded first line", "GET /f HTTP/1.1\r\n Host: api.example.com\r\n\r\n"),
    .refused("a folded Host", "GET /f HTTP/1.1\r\nHost: api\r\n .example.com\r\n\r\n"),
    .refused("a line of spaces", fields("X: a\r\n  ")),
    .refused("a fold behind Host", fields(" X: a")),
  ]

  private static let names: [RawInput] = [
    .refused("a space before the colon", fields("X : a")),
    .refused("a tab before the colon", fields("X\t: a")),
    .refused(
      "a space before the colon of Host", "GET /f HTTP/1.1\r\nHost : api.example.com\r\n\r\n"),
    .refused("a space before the colon of Content-Length", fields("Content-Length : 5")),
    .refused(
      "a space before the colon of Transfer-Encoding", fields("Transfer-Encoding : chunked")),
    .refused("a space in a name", fields("Content Length: 5")),
    .refused("an empty name", fields(": a")),
    .refused("an empty name and value", fields(":")),
    .refused("no colon", fields("X")),
    .refused("a line of garbage", fields("@@@@")),
    .refused("NUL in a name", fields("X\u{0}Y: a")),
    .refused("NUL behind Content-Length", fields("Content-Length\u{0}: 5")),
    .refused("a vertical tab in a name", fields("X\u{b}: a")),
    .refused("DEL in a name", fields("X\u{7f}: a")),
    .refused("obs-text in a name", fields("X\u{e9}: a")),
    .refused("quotes around a name", fields("\"X\": a")),
    .refused("a slash in a name", fields("X/Y: a")),
    .refused("brackets in a name", fields("X[Y]: a")),
    .refused("a control byte that folds to a dash", fields("Content\rLength: 5")),
    .refused("a request line for a field", fields("GET /smuggled HTTP/1.1")),
  ]

  private static let values: [RawInput] = [
    .refused("NUL in a value", fields("X: a\u{0}b")),
    .refused("NUL before a value", fields("X: \u{0}")),
    .refused("a control byte in a value", fields("X: a\u{1}b")),
    .refused("a backspace in a value", fields("X: a\u{8}")),
    .refused("a vertical tab before a value", fields("X: \u{b}a")),
    .refused("a form feed behind a value", fields("X: a\u{c}")),
    .refused("ESC in a value", fields("X: \u{1b}[2J")),
    .refused("DEL in a value", fields("X: a\u{7f}")),
    .refused("0x1f in a value", fields("X: a\u{1f}b")),
  ]

  private static let limits: [RawInput] = [
    .refused(
      "129 fields", fields((0..<128).map { "X\($0): a" }.joined(separator: "\r\n")), 431),
    .refused("a value of 64 KiB", fields("X: \(Raw.repeating("a", 65536))"), 431),
    .refused("a name of 64 KiB", fields("\(Raw.repeating("X", 65536)): a"), 431),
    .refused(
      "33 fields that must go",
      fields((0..<33).map { "X-Portarium-\($0): a" }.joined(separator: "\r\n")), 431),
    .passes("128 fields", fields((0..<127).map { "X\($0): a" }.joined(separator: "\r\n"))),
    .passes("a head of 64 KiB", fields("X: \(Raw.repeating("a", 65536 - shortest.utf8.count))")),
    .refused(
      "a head of a byte more",
      fields("X: \(Raw.repeating("a", 65536 - shortest.utf8.count + 1))"), 431),
  ]

  private static let shortest = fields("X: ")
}
