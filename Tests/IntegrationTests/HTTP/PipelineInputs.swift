/// Many requests on one connection: each is judged by itself, and answers keep their order.
enum PipelineInputs {
  static let all = [
    RawInput("64 requests at once", (0..<64).map { .passes(Raw.get("/\($0)")) }),
    RawInput(
      "64 requests with bodies",
      (0..<64).map { .passes(Raw.post("Content-Length: 5", "\(10000 + $0)")) }),
    RawInput(
      "64 requests, every other denied",
      (0..<64).map { number in
        number % 2 == 0
          ? .passes(Raw.get("/\(number)"))
          : .denied(Raw.head("DELETE /\(number) HTTP/1.1"), "method-not-allowed")
      }),
    RawInput(
      "64 requests, every third to a host that nothing allows",
      (0..<64).map { number in
        number % 3 != 0
          ? .passes(Raw.get("/\(number)"))
          : .denied(
            "GET /\(number) HTTP/1.1\r\nHost: other.example.net\r\n\r\n", "host-not-allowed")
      }),
    RawInput(
      "framings in turn",
      [
        .passes(Raw.post("Content-Length: 5", "hello")),
        .passes(Raw.chunked("5\r\nhello\r\n0\r\nX: a\r\n\r\n")),
        .passes(Raw.head("HEAD /p HTTP/1.1")),
        .passes(Raw.get("/p")),
        .passes(Raw.post("Content-Length: 0")),
        .passes(Raw.chunked("0\r\n\r\n")),
        .passes(Raw.head("OPTIONS * HTTP/1.1")),
      ]),
    RawInput(
      "an empty line behind a body",
      [
        .passes(Raw.post("Content-Length: 5", "hello")),
        .refused("\r\n" + Raw.get("/behind")),
      ]),
    RawInput(
      "hosts in turn",
      [
        .passes(Raw.get("/p")),
        .passes("PATCH /p HTTP/1.1\r\nHost: any.example.com\r\n\r\n"),
        .denied("PATCH /p HTTP/1.1\r\nHost: api.example.com\r\n\r\n", "method-not-allowed"),
        .denied("GET /p HTTP/1.1\r\nHost: other.example.net\r\n\r\n", "host-not-allowed"),
        .passes(Raw.get("http://api.example.com/p")),
      ]),
    RawInput(
      "a denied request whose body is read away",
      [
        .denied(
          Raw.head("DELETE /p HTTP/1.1", "Content-Length: \(Raw.smuggled.utf8.count)")
            + Raw.smuggled, "method-not-allowed"),
        .passes(Raw.get("/behind")),
      ]
    ).inOnePiece,
    RawInput(
      "denied requests alone",
      (0..<5).map { .denied(Raw.head("DELETE /\($0) HTTP/1.1"), "method-not-allowed") }),
    RawInput(
      "a refusal in the middle",
      [
        .passes(Raw.get("/first")),
        .denied(Raw.head("DELETE /second HTTP/1.1"), "method-not-allowed"),
        .refused(Raw.post("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n")),
        .passes(Raw.get("/third")),
      ]),
    RawInput(
      "a body longer than it says",
      [.passes(Raw.post("Content-Length: 5", "hello")), .refused(" world" + Raw.get("/behind"))]),
    RawInput(
      "a body longer than it says by an upper-case letter",
      [
        .passes(Raw.post("Content-Length: 5", "hello")),
        .denied("X" + Raw.get("/behind"), "method-not-allowed"),
      ]),
    RawInput(
      "chunked data behind a body that has ended",
      [.passes(Raw.chunked("0\r\n\r\n")), .refused("5\r\nhello\r\n0\r\n\r\n")]),
    RawInput(
      "requests behind Connection: close",
      [.passes(Raw.get("/first", "Connection: close")).last, .passes(Raw.get("/second"))]),
    RawInput(
      "a tunnel's bytes behind CONNECT",
      [
        .denied(
          "CONNECT api.example.com:80 HTTP/1.1\r\nHost: api.example.com:80\r\n\r\n",
          "method-not-allowed"),
        .refused("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}"),
      ]),
  ]
}
