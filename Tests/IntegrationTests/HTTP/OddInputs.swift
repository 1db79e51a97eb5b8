/// What is odd, legal, and none of a proxy's business: it passes byte for byte.
enum OddInputs {
  static let all = methods + targets + fields + hosts + claims

  private static func any(_ line: String) -> String {
    "\(line)\r\nHost: any.example.com\r\n\r\n"
  }

  private static let methods: [RawInput] = [
    .passes("a method in lower case", any("get /m HTTP/1.1")),
    .passes("a method with a dash", any("M-SEARCH /m HTTP/1.1")),
    .passes("a method of one letter", any("X /m HTTP/1.1")),
    .passes("a method of 31 bytes", any(Raw.repeating("M", 31) + " /m HTTP/1.1")),
    .passes("a method of every token character", any("!#$%&'*+-.^_`|~09azAZ /m HTTP/1.1")),
    .passes("PATCH", any("PATCH /m HTTP/1.1")),
    .passes("TRACE", any("TRACE /m HTTP/1.1")),
    .passes("PRI to a path", any("PRI /m HTTP/1.1")),
    .passes("connect is not CONNECT", any("connect /m HTTP/1.1")),
    .passes("HEAD", Raw.head("HEAD /m HTTP/1.1")),
    .passes("OPTIONS *", Raw.head("OPTIONS * HTTP/1.1")),
    .passes("OPTIONS with a path", Raw.head("OPTIONS /m HTTP/1.1")),
    .denied("a method in lower case is another", Raw.head("get /m HTTP/1.1"), "method-not-allowed"),
    .denied("a method that nothing allows", Raw.head("BREW /m HTTP/1.1"), "method-not-allowed"),
    .denied(
      "HEAD that nothing allows",
      "HEAD /m HTTP/1.1\r\nHost: other.example.net\r\n\r\n", "host-not-allowed"),
  ]

  private static let targets: [RawInput] = [
    .passes("a target of a slash", Raw.get("/")),
    .passes("two slashes", Raw.get("//other.example.net/t")),
    .passes("dots", Raw.get("/a/./b/../../c")),
    .passes("encoded bytes", Raw.get("/%2e%2e/%00%0d%0a%2F?%23")),
    .passes("percent signs that encode nothing", Raw.get("/%/%g0/%0")),
    .passes("bytes that no URI has", Raw.get("/{a}|\"<b>\"^`\\")),
    .passes("an absolute URL in the query", Raw.get("/?u=http://u:p@other.example.net:81/")),
    .passes(
      "an at sign behind an authority", Raw.get("http://api.example.com/@other.example.net/")),
    .passes("an at sign in a query", Raw.get("http://api.example.com?@other.example.net/")),
    .passes("a port in a path", Raw.get("http://api.example.com/:81/")),
    .passes("question marks", Raw.get("/?a?b=c&d;e=?")),
    .passes("an absolute target", Raw.get("http://api.example.com/t?u")),
    .passes("an absolute target in other letters", Raw.get("HTTP://API.example.COM/t")),
    .passes("an absolute target that ends with its host", Raw.get("http://api.example.com")),
    .passes("an absolute target that goes on with its query", Raw.get("http://api.example.com?t")),
    .passes("an absolute target with the port", Raw.get("http://api.example.com:80/t")),
    .passes("an absolute target in HTTP/1.0", "GET http://api.example.com/ HTTP/1.0\r\n\r\n")
      .closing,
    .passes("a target of 8,000 bytes", Raw.get("/" + Raw.repeating("t", 8000))),
  ]

  private static let fields: [RawInput] = [
    .passes("an empty value", Raw.get("/f", "X:")),
    .passes("a value of spaces", Raw.get("/f", "X: \t ")),
    .passes("no space before a value", Raw.get("/f", "X:a")),
    .passes("spaces around a value", Raw.get("/f", "X:  \t a \t ")),
    .passes("obs-text in a value", Raw.get("/f", "X: gr\u{fc}n \u{ff}\u{80}")),
    .passes("colons in a value", Raw.get("/f", "X: :a:b:")),
    .passes("a tab in a value", Raw.get("/f", "X: a\tb")),
    .passes("every token character in a name", Raw.get("/f", "!#$%&'*+-.^_`|~09azAZ: x")),
    .passes("a digit for a name", Raw.get("/f", "1: x")),
    .passes("names in any case, in any order", Raw.get("/f", "b: 1\r\nA: 2\r\na: 3\r\nB: 4")),
    .passes("the same field many times", Raw.get("/f", Raw.repeating("X: a\r\n", 20) + "X: b")),
    .passes("a name of 1,000 bytes", Raw.get("/f", "\(Raw.repeating("X", 1000)): a")),
    .passes("hop-by-hop fields", Raw.get("/f", "TE: trailers\r\nKeep-Alive: 5\r\nTrailer: X")),
    .passes("Via and Forwarded", Raw.get("/f", "Via: 1.0 x\r\nForwarded: for=\"[::1]\"")),
    .passes("an expectation nobody knows", Raw.get("/f", "Expect: x")),
    .passes(
      "Expect and the body at once", Raw.post("Expect: 100-continue\r\nContent-Length: 5", "hello")),
    .passes("trace context, where none is added", Raw.get("/f", "traceparent: x\r\nTraceState: y")),
    .passes("a range", Raw.get("/f", "Range: bytes=0-0,-1")),
  ]

  private static func host(_ value: String) -> String { Raw.host(value) }

  private static let hosts: [RawInput] = [
    .passes("Host without a space", host("api.example.com")),
    .passes("a trailing dot", host(" api.example.com.")),
    .passes("Host in capitals", host(" API.EXAMPLE.COM")),
    .passes("Host with the port", host(" api.example.com:80")),
    .passes("Host with spaces around it", host(" \t api.example.com \t ")),
    .passes("Host as the last field", "GET /h HTTP/1.1\r\nA: b\r\nhost: api.example.com\r\n\r\n"),
    .passes("a Host in brackets where a rule names the address", host(" [2001:db8::1]")).addressed,
    .passes("an address for Host", host(" 10.79.0.1:80")).addressed,
  ]

  /// What the workload says in our name goes; all else stays where it was.
  private static let claims: [RawInput] = [
    .passes(
      "a claim", Raw.get("/c", "A: b\r\nX-Portarium-Workspace-Id: ws-other\r\nC: d"),
      as: Raw.get("/c", "A: b\r\nC: d")),
    .passes(
      "claims, otherwise spelt",
      Raw.get("/c", "x_portarium_a: b\r\nX.Portarium.A: b\r\nx-PORTARIUM-: b\r\nC: d"),
      as: Raw.get("/c", "C: d")),
    .passes(
      "a claim before Host",
      "GET /c HTTP/1.1\r\nX-Portarium-A: b\r\nHost: api.example.com\r\n\r\n",
      as: "GET /c HTTP/1.1\r\nHost: api.example.com\r\n\r\n"),
    .passes(
      "32 claims", Raw.get("/c", (0..<32).map { "X-Portarium-\($0): a" }.joined(separator: "\r\n")),
      as: Raw.get("/c")),
    .passes("what only looks like a claim", Raw.get("/c", "X-Portarium: a\r\nXX-Portarium-A: b")),
  ]
}
