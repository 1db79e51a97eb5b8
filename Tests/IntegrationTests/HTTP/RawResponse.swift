import Testing

/// A response, as bytes that an upstream sends, and what must become of it.
struct RawResponse: Sendable, CustomTestStringConvertible, CustomStringConvertible {
  enum Outcome: Sendable {
    /// The client gets its bytes, and the connection goes on.
    case passes
    /// The client gets its bytes, and the connection ends.
    case passesAndCloses
    /// The client gets a 502 in its place.
    case isBadGateway
    /// What was passed on can't be taken back: the client's connection is reset.
    case breaksOff
  }

  let testDescription: String
  let sent: String
  var result = Outcome.passes
  var status = 200
  var method = "GET"
  /// Of the request: fields with their line ends, and a body.
  var fields = ""
  var body = ""
  /// What of `sent` the client may get, where that isn't all.
  var passed: String
  /// The upstream closes behind it.
  var closes = false
  /// It is sent before the request's body has come.
  var isEarly = false
  /// The body never comes: what does is less than the request says.
  var isAbandoned = false

  var description: String { testDescription }

  /// What is nobody's may come when the next request is under way, and be taken for its answer.
  var mayComeBytewise: Bool {
    sent.utf8.count < 1500 && (passed == sent || result != .passes)
  }

  init(_ description: String, _ sent: String) {
    testDescription = description
    self.sent = sent
    passed = sent
  }

  func to(_ method: String, _ fields: String = "", _ body: String = "") -> RawResponse {
    var response = self
    response.method = method
    response.fields = fields
    response.body = body
    return response
  }

  func with(status: Int) -> RawResponse {
    var response = self
    response.status = status
    return response
  }

  var closing: RawResponse {
    var response = self
    response.closes = true
    response.result = .passesAndCloses
    return response
  }

  var bad: RawResponse {
    var response = self
    response.result = .isBadGateway
    return response
  }

  /// Only the first bytes pass.
  func breaking(behind passed: String) -> RawResponse {
    var response = self
    response.result = .breaksOff
    response.passed = passed
    return response
  }

  /// What is sent behind `passed` is nobody's.
  func passing(only passed: String) -> RawResponse {
    var response = self
    response.passed = passed
    return response
  }

  /// The client sends its next request in place of the body it had announced.
  var abandoned: RawResponse {
    var response = to("POST", "Expect: 100-continue\r\nContent-Length: 500\r\n").early
    response.isAbandoned = true
    response.result = .passesAndCloses
    return response
  }

  var early: RawResponse {
    var response = self
    response.isEarly = true
    return response
  }
}

extension RawResponse {
  static let all = framings + interim + broken + ambiguous

  private static func ok(_ fields: String, _ body: String = "") -> String {
    "HTTP/1.1 200 OK\r\n\(fields)\r\n\(body)"
  }

  private static let chunks = "5;a=b\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"

  /// RFC 9112 §6.3.
  private static let framings: [RawResponse] = [
    .init("a length", ok("Content-Length: 5\r\n", "hello")),
    .init("length 0", ok("Content-Length: 0\r\n")),
    .init("the same length twice", ok("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")),
    .init("chunks with an extension and a trailer", ok("Transfer-Encoding: chunked\r\n", chunks)),
    .init("fields in an odd order", ok("b: 1\r\nContent-Length: 2\r\nA:2\r\nb:  3 \r\n", "ok")),
    .init("obs-text", ok("X: gr\u{fc}n\r\nContent-Length: 1\r\n", "\u{ff}")),
    .init("no reason phrase", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"),
    .init("an odd reason phrase", "HTTP/1.1 200 \u{fc}\t! \r\nContent-Length: 2\r\n\r\nok"),
    .init("an unknown status", "HTTP/1.1 799 ?\r\nContent-Length: 2\r\n\r\nok").with(status: 799),
    .init("HEAD with a length", ok("Content-Length: 5\r\n")).to("HEAD"),
    .init("HEAD with chunked", ok("Transfer-Encoding: chunked\r\n")).to("HEAD"),
    .init("HEAD with neither", ok("A: b\r\n")).to("HEAD"),
    .init("204", "HTTP/1.1 204 No Content\r\n\r\n").with(status: 204),
    .init("204 with a length", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n")
      .with(status: 204),
    .init("304 with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n")
      .with(status: 304),
    .init("304 with chunked", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n")
      .with(status: 304),
    .init("until the end", ok("A: b\r\n", "hello")).closing,
    .init("until the end, nothing", ok("A: b\r\n")).closing,
    .init("HTTP/1.0, until the end", "HTTP/1.0 200 OK\r\n\r\nhello").closing,
    .init("HTTP/1.0 with a length", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello").closing,
    .init(
      "HTTP/1.0 with keep-alive",
      "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello"),
    .init("close", ok("Connection: close\r\nContent-Length: 5\r\n", "hello")).closing,
    .init("a body of 200,000 bytes", ok("Content-Length: 200000\r\n", Raw.repeating("a", 200_000))),
    .init(
      "chunks of 200,000 bytes",
      ok("Transfer-Encoding: chunked\r\n", "30d40\r\n\(Raw.repeating("a", 200_000))\r\n0\r\n\r\n")),
    .init("bytes behind a length", ok("Content-Length: 2\r\n", "okHTTP/1.1 200 OK\r\n\r\n"))
      .passing(only: ok("Content-Length: 2\r\n", "ok")),
    .init("a body to HEAD", ok("Content-Length: 2\r\n", "ok")).to("HEAD")
      .passing(only: ok("Content-Length: 2\r\n")),
    .init("a body to 204", "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok")
      .with(status: 204).passing(only: "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n"),
  ]

  private static let answer = ok("Content-Length: 2\r\n", "ok")

  /// RFC 9110 §15.2, and answers that don't wait for the request.
  private static let interim: [RawResponse] = [
    .init("100", "HTTP/1.1 100 Continue\r\n\r\n" + answer),
    .init("103 with fields", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer),
    .init("103 with a length", "HTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\n\r\n" + answer),
    .init(
      "several",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n"
        + "Link: </a>\r\n\r\nHTTP/1.1 199 ?\r\n\r\n" + answer),
    .init("forty", Raw.repeating("HTTP/1.1 102 Processing\r\n\r\n", 40) + answer),
    .init("100 before 204", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
      .with(status: 204),
    .init("100 before the body", "HTTP/1.1 100 Continue\r\n\r\n" + answer)
      .to("POST", "Expect: 100-continue\r\nContent-Length: 5\r\n", "hello").early,
    .init("an answer in place of 100", answer).abandoned,
    .init("a refusal in place of 100", "HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno")
      .with(status: 417).abandoned,
    .init("an answer before the body", answer).to("POST", "Content-Length: 5\r\n", "hello").early,
    .init("an answer before a chunked body", answer)
      .to("POST", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n").early,
    .init("a refusal before the body", "HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno")
      .to("PUT", "Content-Length: 5\r\n", "hello").early.with(status: 413),
  ]

  /// A response that ends before its end is no response.
  private static let broken: [RawResponse] = [
    .init("a length cut short", ok("Content-Length: 5\r\n", "hell")).cutShort,
    .init("chunks cut short", ok("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n")).cutShort,
    .init("a chunk cut short", ok("Transfer-Encoding: chunked\r\n", "5\r\nhel")).cutShort,
    .init("a bad chunk size", ok("Transfer-Encoding: chunked\r\n", "x\r\nhello\r\n0\r\n\r\n"))
      .breaking(behind: ok("Transfer-Encoding: chunked\r\n")),
    .init("a chunk size in 0x", ok("Transfer-Encoding: chunked\r\n", "0x5\r\nhello\r\n0\r\n\r\n"))
      .breaking(behind: ok("Transfer-Encoding: chunked\r\n", "0")),
    .init("a bare LF behind a chunk size", ok("Transfer-Encoding: chunked\r\n", "5\nhello\n0\n\n"))
      .breaking(behind: ok("Transfer-Encoding: chunked\r\n", "5")),
    .init("no end of a chunk", ok("Transfer-Encoding: chunked\r\n", "5\r\nhello0\r\n\r\n"))
      .breaking(behind: ok("Transfer-Encoding: chunked\r\n", "5\r\nhello")),
    .init("a claim in a trailer", ok("Transfer-Encoding: chunked\r\n", "0\r\nHost: a\r\n\r\n"))
      .breaking(behind: ok("Transfer-Encoding: chunked\r\n", "0\r\nHost")),
  ]

  private var cutShort: RawResponse {
    var response = self
    response.closes = true
    response.result = .breaksOff
    return response
  }

  private static func bad(_ description: String, _ sent: String) -> RawResponse {
    RawResponse(description, sent).bad
  }

  private static let ambiguous: [RawResponse] = [
    bad("both framings", ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", chunks)),
    bad("both framings, turned", ok("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", chunks)),
    bad("two lengths", ok("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!")),
    bad("a list of lengths", ok("Content-Length: 5, 5\r\n", "hello")),
    bad("a length with a plus", ok("Content-Length: +5\r\n", "hello")),
    bad("an empty length", ok("Content-Length:\r\n", "hello")),
    bad("a length beyond 2⁶³", ok("Content-Length: 9223372036854775808\r\n", "hello")),
    bad("gzip, chunked", ok("Transfer-Encoding: gzip, chunked\r\n", chunks)),
    bad("identity", ok("Transfer-Encoding: identity\r\n", "hello")),
    bad("two codings", ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunks)),
    bad("chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks),
    bad("a bare LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok"),
    bad("a bare LF behind a field", "HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nok"),
    bad("a bare CR", "HTTP/1.1 200 OK\r\nX: a\rContent-Length: 2\r\n\r\nok"),
    bad("a fold", ok("X: a\r\n b\r\nContent-Length: 2\r\n", "ok")),
    bad("a space before a colon", ok("Content-Length : 2\r\n", "ok")),
    bad("NUL in a value", ok("X: \u{0}\r\nContent-Length: 2\r\n", "ok")),
    bad("an empty name", ok(": a\r\nContent-Length: 2\r\n", "ok")),
    bad(
      "an unasked 101",
      "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
    bad("an unasked bare 101", "HTTP/1.1 101 Switching\r\n\r\n" + answer),
    bad("HTTP/2.0", "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    bad("HTTP/1.2", "HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    bad("HTTP/0.9", "<html>hello</html>\r\n"),
    bad("garbage", "\u{0}\u{1}\u{2}\u{3}\u{4}"),
    bad("TLS", "\u{15}\u{3}\u{3}\u{0}\u{2}\u{2}\u{46}"),
    bad("SSH", "SSH-2.0-x\r\n"),
    bad("an empty line first", "\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    bad("a status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok"),
    bad("a status of four digits", "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok"),
    bad("129 fields", ok(Raw.repeating("X: a\r\n", 129), "ok")),
    bad("a head of more than 64 KiB", ok("X: \(Raw.repeating("a", 65536))\r\n", "ok")),
    .init("an end before any byte", "").emptyAndClosing,
    .init("an end within the head", "HTTP/1.1 200 OK\r\nContent-").emptyAndClosing,
  ]

  private var emptyAndClosing: RawResponse {
    var response = bad
    response.closes = true
    return response
  }
}
