import Testing
import Wire

@Suite("A request head")
struct RequestHeadTests {
  /// Heads as real clients send them, and what is read from them.
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var head: String
    var check: @Sendable (RequestHead, [UInt8]) -> Bool

    init(
      _ name: String, _ head: String, _ check: @escaping @Sendable (RequestHead, [UInt8]) -> Bool
    ) {
      testDescription = name
      self.head = head.replacing("\n", with: "\r\n") + "\r\n\r\n"
      self.check = check
    }
  }

  static let cases: [Case] = [
    Case("curl", "GET / HTTP/1.1\nHost: api.github.com\nUser-Agent: curl/7.88.1\nAccept: */*") {
      text($1, $0.method) == "GET" && text($1, $0.host) == "api.github.com" && $0.port == nil
        && text($1, $0.path) == "/" && $0.framing == .none && $0.keepAlive && $0.cuts.count == 0
    },
    Case("a query stays out of the path", "GET /a/b?c=d?e HTTP/1.1\nHost: a") {
      text($1, $0.path) == "/a/b" && text($1, $0.target) == "/a/b?c=d?e"
    },
    Case("a port", "GET / HTTP/1.1\nHost: a.example:8080") {
      text($1, $0.host) == "a.example" && $0.port == 8080
    },
    Case("the highest port", "GET / HTTP/1.1\nHost: a:65535") { head, _ in head.port == 65535 },
    Case("an IPv6 literal", "GET / HTTP/1.1\nHost: [2001:db8::1]") {
      text($1, $0.host) == "2001:db8::1" && $0.hostIsBracketed && $0.port == nil
    },
    Case("every group of an IPv6 literal", "GET / HTTP/1.1\nHost: [1:22:333:4444:a:BB:ccc:DDDD]") {
      head, _ in head.hostIsBracketed
    },
    Case("an IPv6 literal of zeros", "GET / HTTP/1.1\nHost: [::]") { head, _ in
      head.hostIsBracketed
    },
    Case("zeros in the middle of an IPv6 literal", "GET / HTTP/1.1\nHost: [1:2:3::5:6:7:8]") {
      head, _ in head.hostIsBracketed
    },
    Case("zeros at the end of an IPv6 literal", "GET / HTTP/1.1\nHost: [1:2:3:4:5:6:7::]") {
      head, _ in head.hostIsBracketed
    },
    Case("IPv4's notation in an IPv6 literal", "GET / HTTP/1.1\nHost: [1:2:3:4:5:6:7.8.9.255]") {
      head, _ in head.hostIsBracketed
    },
    Case("an IPv6 literal with a port", "GET / HTTP/1.1\nHost: [::ffff:192.0.2.1]:81") {
      text($1, $0.host) == "::ffff:192.0.2.1" && $0.port == 81
    },
    Case("white space around a value", "GET / HTTP/1.1\nHost: \t a.example \t ") {
      text($1, $0.host) == "a.example"
    },
    Case("no white space before a value", "GET / HTTP/1.1\nHost:a.example") {
      text($1, $0.host) == "a.example"
    },
    Case("names in any case", "POST / HTTP/1.1\nhOST: a\ncONTENT-lENGTH: 3") { head, _ in
      head.framing == .length(3)
    },
    Case("an empty value", "GET / HTTP/1.1\nHost: a\nX:") { head, _ in head.framing == .none },
    Case("obs-text and HTAB in a value", "GET / HTTP/1.1\nHost: a\nX: gr\u{fc}\tn") {
      $0.length == $1.count
    },
    Case("every token character in a name", "GET / HTTP/1.1\nHost: a\n!#$%&'*+-.^_`|~09azAZ: x") {
      $0.length == $1.count
    },
    Case("a method nobody registered", "M-SEARCH /x HTTP/1.1\nHost: a") {
      text($1, $0.method) == "M-SEARCH"
    },
    Case("a method of 31 bytes", "\(String(repeating: "A", count: 31)) / HTTP/1.1\nHost: a") {
      head, _ in head.method.count == 31
    },
    Case("lower-case methods are other methods", "connect / HTTP/1.1\nHost: a") { head, _ in
      head.targetForm == .origin
    },
    Case("length zero", "POST / HTTP/1.1\nHost: a\nContent-Length: 0") { head, _ in
      head.framing == .length(0)
    },
    Case("a length of 2⁶³ − 1", "PUT / HTTP/1.1\nHost: a\nContent-Length: 9223372036854775807") {
      head, _ in head.framing == .length(UInt64(Int64.max))
    },
    Case("a length of 19 digits", "PUT / HTTP/1.1\nHost: a\nContent-Length: 0000000000000000005") {
      head, _ in head.framing == .length(5)
    },
    Case("chunked", "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: Chunked ") { head, _ in
      head.framing == .chunked
    },
    Case("Expect", "POST / HTTP/1.1\nHost: a\nExpect: 100-Continue\nContent-Length: 1") {
      head, _ in head.expectsContinue
    },
    Case("Expect among others", "POST / HTTP/1.1\nHost: a\nExpect: a=b, ,100-CONTINUE ,c") {
      head, _ in head.expectsContinue
    },
    Case("another expectation", "POST / HTTP/1.1\nHost: a\nExpect: x") { head, _ in
      !head.expectsContinue
    },
    Case("Connection: close", "GET / HTTP/1.1\nHost: a\nConnection: x, Close") { head, _ in
      !head.keepAlive
    },
    Case("close beats keep-alive", "GET / HTTP/1.1\nHost: a\nConnection: close, keep-alive") {
      head, _ in !head.keepAlive
    },
    Case("HTTP/1.0", "GET / HTTP/1.0") { head, _ in
      head.version == .http10 && !head.keepAlive && head.host.isEmpty
    },
    Case("HTTP/1.0 with keep-alive", "GET / HTTP/1.0\nHost: a\nConnection: Keep-Alive") {
      $0.keepAlive && text($1, $0.host) == "a"
    },
    Case("absolute-form", "GET http://A.example/p?q HTTP/1.1\nHost: a.Example") {
      $0.targetForm == .absolute && !$0.targetIsHTTPS && text($1, $0.host) == "A.example"
        && text($1, $0.path) == "/p"
    },
    Case("absolute-form with https", "GET HTTPS://a:8443 HTTP/1.1\nHost: a:8443") {
      $0.targetIsHTTPS && $0.port == 8443 && $0.path.isEmpty && text($1, $0.host) == "a"
    },
    Case("absolute-form that ends with a query", "GET http://a?x HTTP/1.1\nHost: a") {
      $0.path.isEmpty && text($1, $0.host) == "a"
    },
    Case("the scheme's port said or not", "GET http://a:80/ HTTP/1.1\nHost: a") { head, _ in
      head.port == 80
    },
    Case("HTTP/1.0 with an absolute target alone", "GET http://a/ HTTP/1.0") {
      text($1, $0.host) == "a"
    },
    Case("CONNECT", "CONNECT a.example:443 HTTP/1.1\nHost: a.example:443") {
      $0.targetForm == .authority && text($1, $0.host) == "a.example" && $0.port == 443
        && text($1, $0.path) == "a.example:443"
    },
    Case("CONNECT whose Host has no port", "CONNECT [::1]:443 HTTP/1.1\nHost: [::1]") {
      $0.hostIsBracketed && $0.port == 443 && text($1, $0.host) == "::1"
    },
    Case("CONNECT with an empty body", "CONNECT a:1 HTTP/1.1\nHost: a\nContent-Length: 0") {
      head, _ in head.framing == .none
    },
    Case("OPTIONS *", "OPTIONS * HTTP/1.1\nHost: a") {
      $0.targetForm == .asterisk && text($1, $0.path) == "*" && text($1, $0.host) == "a"
    },
    Case(
      "WebSocket", "GET / HTTP/1.1\nHost: a\nConnection: keep-alive, Upgrade\nUpgrade: websocket"
    ) { head, _ in head.isUpgrade && head.cuts.count == 0 },
    Case("Upgrade that Connection does not name", "GET / HTTP/1.1\nHost: a\nUpgrade: websocket") {
      head, _ in !head.isUpgrade
    },
    Case("Connection: upgrade to nothing", "GET / HTTP/1.1\nHost: a\nConnection: upgrade") {
      head, _ in !head.isUpgrade
    },
    Case(
      "Upgrade in HTTP/1.0 means nothing (RFC 9110 §7.8)",
      "GET / HTTP/1.0\nHost: a\nConnection: upgrade\nUpgrade: websocket"
    ) { head, _ in !head.isUpgrade },
    Case(
      "trace context is counted",
      "GET / HTTP/1.1\nHost: a\nTraceparent: x\ntracestate: a=b\nTraceState: c=d"
    ) { head, _ in head.traceparentCount == 1 && head.tracestateCount == 2 && head.cuts.count == 3
    },
    Case(
      "what only looks reserved is kept",
      "GET / HTTP/1.1\nHost: a\nX-Portarium: x\nXX-Portarium-A: x"
    ) { head, _ in head.cuts.count == 0 },
  ]

  @Test("is read", arguments: cases)
  func reads(_ input: Case) {
    let bytes = Array(input.head.unicodeScalars.map { UInt8($0.value) })
    var reader = RequestHeadReader()
    guard case .found(let head) = reader.advance(bytes.span) else {
      Issue.record("\(Verdict.request(bytes))")
      return
    }
    #expect(head.length == bytes.count)
    #expect(head.fieldsEnd == bytes.count - 2)
    #expect(input.check(head, bytes), "\(summary(head, bytes))")
  }

  @Test("reads the same in every prefix, and with more behind it", arguments: cases)
  func everyPrefix(_ input: Case) {
    let bytes = Array(input.head.unicodeScalars.map { UInt8($0.value) })
    let whole = Verdict.request(bytes)
    for count in 0..<bytes.count {
      #expect(Verdict.request(Array(bytes.prefix(count))) == .needMore)
    }
    var reader = RequestHeadReader()
    expectSameByteByByte(bytes, whole: whole) { Verdict(reader.advance($0), bytes) }
    #expect(Verdict.request(bytes + Array("GET\0 \n\n".utf8)) == whole)
  }

  @Test("may fill its limits exactly")
  func limits() {
    let head = Array("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n".utf8)
    let exact = HeadLimits(maximumBytes: head.count, maximumFields: 2)
    #expect(Verdict.request(head, limits: exact) == Verdict.request(head))
    let short = HeadLimits(maximumBytes: head.count - 1, maximumFields: 2)
    #expect(Verdict.request(head, limits: short) == .malformed("headTooLarge"))
    let few = HeadLimits(maximumBytes: head.count, maximumFields: 1)
    #expect(Verdict.request(head, limits: few) == .malformed("tooManyFields"))
    let target = HeadLimits(maximumBytes: 5, maximumFields: 2)
    #expect(Verdict.request(head, limits: target) == .malformed("targetTooLong"))
  }

  @Test(
    "of 64 KiB is read in linear time, one byte at a time",
    arguments: [
      "GET /\(String(repeating: "a", count: 65000)) HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 65000))\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "a", count: 65000)): x\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n"
        + String(repeating: "Connection: \(String(repeating: ",", count: 500))\r\n", count: 120)
        + "\r\n",
    ])
  func isLinear(_ head: String) {
    let bytes = Array(head.utf8)
    var reader = RequestHeadReader()
    var needs = 0
    for count in 1..<bytes.count {
      if case .needMore = reader.advance(bytes.span.extracting(first: count)) { needs += 1 }
    }
    #expect(needs == bytes.count - 1)
    #expect(Verdict(reader.advance(bytes.span), bytes) == Verdict.request(bytes))
  }
}
