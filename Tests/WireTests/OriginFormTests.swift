import Testing
import Wire

@Suite("A request to a proxy as its server gets it")
struct OriginFormTests {
  /// The bytes up to where added field lines go, `|` for line ends.
  func forwarded(_ text: String) -> (String, hasHost: Bool, authority: String)? {
    let bytes = Array((text.replacing("|", with: "\r\n") + "\r\n").utf8)
    var reader = RequestHeadReader()
    guard case .found(let head) = reader.advance(bytes.span),
      let form = head.originForm(in: bytes.span)
    else { return nil }
    var out = Array(bytes[0..<Int(head.target.lower)])
    switch form.prefix {
    case .none: break
    case .slash: out += Array("/".utf8)
    case .asterisk: out += Array("*".utf8)
    }
    RequestRewrite.forEachPiece(
      of: head, replacingTraceContext: false, asProxy: true, from: form.rest
    ) { out += bytes[$0.indices] }
    return (
      String(decoding: out, as: UTF8.self).replacing("\r\n", with: "|"), head.hasHost,
      String(decoding: bytes[form.authority.indices], as: UTF8.self)
    )
  }

  @Test(
    "RFC 9112 §3.2.1",
    arguments: [
      ("GET http://a/p?q HTTP/1.1|Host: a|", "GET /p?q HTTP/1.1|Host: a|"),
      ("GET http://a:80/ HTTP/1.1|Host: a:80|", "GET / HTTP/1.1|Host: a:80|"),
      ("GET http://a HTTP/1.1|Host: a|", "GET / HTTP/1.1|Host: a|"),
      ("GET http://a?q HTTP/1.1|Host: a|", "GET /?q HTTP/1.1|Host: a|"),
      ("OPTIONS http://a HTTP/1.1|Host: a|", "OPTIONS * HTTP/1.1|Host: a|"),
      ("OPTIONS http://a/ HTTP/1.1|Host: a|", "OPTIONS / HTTP/1.1|Host: a|"),
      ("OPTIONS http://a?q HTTP/1.1|Host: a|", "OPTIONS /?q HTTP/1.1|Host: a|"),
      ("GET http://[::1]:8/p HTTP/1.1|Host: [::1]:8|", "GET /p HTTP/1.1|Host: [::1]:8|"),
      (
        "GET http://a/ HTTP/1.1|proxy-connection: keep-alive|Host: a|B: c|PROXY-Authorization: x|",
        "GET / HTTP/1.1|Host: a|B: c|"
      ),
    ])
  func originForm(head: String, expected: String) {
    #expect(forwarded(head)?.0 == expected)
  }

  @Test("A request without Host gets the target's authority for one")
  func host() {
    let seen = forwarded("GET http://a.example:81/p HTTP/1.0|")
    #expect(seen?.0 == "GET /p HTTP/1.0|")
    #expect(seen?.hasHost == false)
    #expect(seen?.authority == "a.example:81")
  }

  @Test("Other targets have no origin form", arguments: ["GET /", "OPTIONS *", "CONNECT a:80"])
  func others(line: String) {
    #expect(forwarded("\(line) HTTP/1.1|Host: a|") == nil)
  }

  @Test("What is for a proxy passes where the request was not made to one")
  func captured() {
    let text = "GET /p HTTP/1.1\r\nHost: a\r\nProxy-Connection: x\r\nProxy-Authorization: y\r\n\r\n"
    let bytes = Array(text.utf8)
    var reader = RequestHeadReader()
    guard case .found(let head) = reader.advance(bytes.span) else {
      Issue.record("no head")
      return
    }
    var out: [UInt8] = []
    RequestRewrite.forEachPiece(of: head, replacingTraceContext: true) { out += bytes[$0.indices] }
    #expect(String(decoding: out, as: UTF8.self) + "\r\n" == text)
  }
}
