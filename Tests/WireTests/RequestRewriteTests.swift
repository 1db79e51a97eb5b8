import Testing
import Wire

@Suite("A request head as it is forwarded")
struct RequestRewriteTests {
  /// `lines` behind a request line and Host, and what is left of them; line ends are written `|`.
  static let cases: [(lines: String, forwarded: String)] = [
    ("", ""),
    ("A: b|", "A: b|"),
    ("X-Portarium-Workspace-Id: evil|A: b|", "A: b|"),
    ("A: b|x-portarium-agent-spiffe-id: evil|", "A: b|"),
    ("x_portarium_workspace_id: evil|X-PORTARIUM_x: e|A: b|x-portarium-: e|C: d|", "A: b|C: d|"),
    ("x.portarium.workspace: evil|x-portarium~id: evil|A: b|", "A: b|"),
    ("X-Portarium: kept|Xx-Portarium-A: kept|", "X-Portarium: kept|Xx-Portarium-A: kept|"),
    ("A: b|traceparent: x|tracestate: a=b|C: d|TraceState: e=f|", "A: b|C: d|"),
    // HTTP/2 in clear text (RFC 7540 §3.2).
    ("Connection: Upgrade, HTTP2-Settings|Upgrade: h2c|HTTP2-Settings: AAMAAABk|A: b|", "A: b|"),
    ("Upgrade: h2c|A: b|", "A: b|"),
    ("Upgrade: websocket, H2C|Connection: upgrade|", ""),
    ("Upgrade: x|Connection: upgrade|", ""),
    ("Upgrade: websocket, x|Connection: upgrade|", ""),
    ("Upgrade: websocket|Upgrade: x|Connection: upgrade|", ""),
    ("Upgrade: h2c-14|Connection: upgrade|", ""),
    ("Upgrade: HTTP/2.0|Connection: upgrade|", ""),
    ("Connection: close, Upgrade|Upgrade: h2c|", "Connection: close|"),
    ("Connection: Upgrade, close|Upgrade: h2c|", "Connection: close|"),
    ("Connection: a, Upgrade ,HTTP2-Settings, b|Upgrade: h2c|", "Connection: a, b|"),
    ("Connection: upgrade,a,http2-settings,b,upgrade|Upgrade: h2c|", "Connection: a,b|"),
    ("Upgrade: h2c|Connection: close|", "Connection: close|"),
    ("Connection: ,|Upgrade: h2c|", ""),
    ("Connection: upgrade|Upgrade: websocket|", "Connection: upgrade|Upgrade: websocket|"),
    ("HTTP2-Settings: x|A: b|", "A: b|"),
    ("x-portarium-a: e|Upgrade: h2c|traceparent: x|Connection: upgrade|x-portarium-b: e|", ""),
  ]

  func forwarded(
    _ head: [UInt8], replacingTraceContext: Bool, sourceLocation: SourceLocation = #_sourceLocation
  ) -> String? {
    var reader = RequestHeadReader()
    guard case .found(let parsed) = reader.advance(head.span) else {
      Issue.record("\(Verdict.request(head))", sourceLocation: sourceLocation)
      return nil
    }
    var pieces: [UInt8] = []
    RequestRewrite.forEachPiece(of: parsed, replacingTraceContext: replacingTraceContext) {
      pieces += head[$0.indices]
    }
    return String(decoding: pieces, as: UTF8.self)
  }

  @Test("loses what the workload must not say, and nothing else", arguments: cases)
  func loses(_ lines: String, _ left: String) {
    let start = "GET /p HTTP/1.1\r\nHost: a\r\n"
    let head = Array((start + lines.replacing("|", with: "\r\n") + "\r\n").utf8)
    let expected = start + left.replacing("|", with: "\r\n")
    #expect(forwarded(head, replacingTraceContext: true) == expected)
  }

  @Test("is read again as the same request")
  func isReadAgain() throws {
    for (lines, _) in Self.cases {
      let head = Array(
        "GET /p HTTP/1.1\r\nHost: a\r\n\(lines.replacing("|", with: "\r\n"))\r\n".utf8)
      let again = try #require(forwarded(head, replacingTraceContext: true)) + "\r\n"
      var reader = RequestHeadReader()
      guard case .found(let parsed) = reader.advance(Array(again.utf8).span) else {
        Issue.record("\(again)")
        continue
      }
      #expect(parsed.cuts.count == 0)
    }
  }

  @Test(
    "loses what a client says of a certificate only where we say it, in any spelling",
    arguments: ["X-Forwarded-Client-Cert", "x_forwarded_client_cert", "x.forwarded-client~CERT"])
  func forwardedClientCertificate(name: String) {
    let head = Array("GET / HTTP/1.1\r\nHost: a\r\n\(name): By=x\r\nA: b\r\n\r\n".utf8)
    var reader = RequestHeadReader()
    guard case .found(let parsed) = reader.advance(head.span) else {
      Issue.record("\(Verdict.request(head))")
      return
    }
    for isTold in [false, true] {
      var pieces: [UInt8] = []
      RequestRewrite.forEachPiece(
        of: parsed, replacingTraceContext: true, tellingPeer: isTold
      ) { pieces += head[$0.indices] }
      let text = String(decoding: pieces, as: UTF8.self)
      #expect(text.contains(name) != isTold)
      #expect(text.hasSuffix("A: b\r\n"))
    }
  }

  @Test("keeps the workload's trace context where none is injected")
  func keepsTraceContext() {
    let lines = "traceparent: x\r\ntracestate: a=b\r\n"
    let head = "GET / HTTP/1.1\r\nHost: a\r\n\(lines)x-portarium-a: e\r\n"
    let expected = "GET / HTTP/1.1\r\nHost: a\r\n\(lines)"
    #expect(forwarded(Array((head + "\r\n").utf8), replacingTraceContext: false) == expected)
  }

  @Test("is no upgrade once HTTP/2 was cut from it")
  func isNoUpgrade() {
    let head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket, h2c\r\n\r\n"
    var reader = RequestHeadReader()
    guard case .found(let parsed) = reader.advance(Array(head.utf8).span) else {
      Issue.record("malformed")
      return
    }
    #expect(!parsed.isUpgrade)
  }
}
