import Foundation
import TestNetwork
import Testing

/// Where a request or response ends: each framing passes unchanged, and the next request is judged.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct FramingTests {
  static let rules = #"{hostPattern: 10.77.2.70, allowedMethods: [GET, HEAD, POST, PUT]}"#
  static let head = "Host: 10.77.2.70\\r\\n"

  /// A response, and what the client must see of it after the status line.
  struct Response: CustomTestStringConvertible {
    let testDescription: String
    let method: String
    let text: String
    let body: String
    /// Whether another request can follow.
    var keepsAlive = true
  }

  static let responses = [
    Response(
      testDescription: "Content-Length", method: "GET",
      text: "HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello", body: "hello"),
    Response(
      testDescription: "chunked with extension and trailer", method: "GET",
      text: "HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n"
        + "5;a=b\\r\\nhello\\r\\n0\\r\\nX-T: 1\\r\\n\\r\\n",
      body: "5;a=b\r\nhello\r\n0\r\nX-T: 1\r\n\r\n"),
    Response(
      testDescription: "HEAD with a length and no body", method: "HEAD",
      text: "HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\n", body: ""),
    Response(
      testDescription: "204", method: "GET", text: "HTTP/1.1 204 No Content\\r\\n\\r\\n", body: ""),
    Response(
      testDescription: "304 with a length", method: "GET",
      text: "HTTP/1.1 304 Not Modified\\r\\nContent-Length: 5\\r\\n\\r\\n", body: ""),
    Response(
      testDescription: "103 before the answer", method: "GET",
      text: "HTTP/1.1 103 Early Hints\\r\\nLink: </a>\\r\\n\\r\\n"
        + "HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok", body: "ok"),
    Response(
      testDescription: "until the end of the connection", method: "GET",
      text: "HTTP/1.1 200 OK\\r\\n\\r\\nhello", body: "hello", keepsAlive: false),
  ]

  @Test(arguments: responses)
  func `a response passes as framed, and a blocked request after it gets its 403`(
    response: Response
  ) throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let server = try scene.listen(
      ProxyScene.raw4, 80, "until:\\r\\n\\r\\n", "send:" + response.text,
      response.keepsAlive ? "end" : "shutdown")
    let seen = try scene.connect(
      ProxyScene.raw4, 80,
      "send:\(response.method) /a HTTP/1.1\\r\\n\(Self.head)\\r\\n"
        + "DELETE /b HTTP/1.1\\r\\n\(Self.head)Connection: close\\r\\n\\r\\n", "end")
    let statuses = seen.received.matches(of: /HTTP\/1\.1 ([0-9]{3})/).map { String($0.output.1) }
    if response.keepsAlive {
      #expect(statuses.last == "403", "\(seen)")
      let answer = try #require(seen.received.range(of: "HTTP/1.1 403"))
      #expect(seen.received[..<answer.lowerBound].hasSuffix("\r\n\r\n" + response.body), "\(seen)")
    } else {
      #expect(seen.received.hasSuffix("\r\n\r\nhello"), "\(seen)")
    }
    let request = try scene.seen(by: server).received
    #expect(request.hasPrefix("\(response.method) /a HTTP/1.1\r\n"))
    #expect(!request.contains("DELETE"))
    let (records, _) = try scene.sidecar.drain()
    #expect(records.map(\.decision) == (response.keepsAlive ? ["allow", "deny"] : ["allow"]))
  }

  @Test(arguments: [
    ("Content-Length: 5\\r\\n\\r\\nhello", "hello"),
    ("Transfer-Encoding: chunked\\r\\n\\r\\n5\\r\\nhello\\r\\n0\\r\\n\\r\\n", "hello"),
  ])
  func `a request body passes whole, and the next request is judged by itself`(
    rest: String, body: String
  ) throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let server = try scene.listen(
      ProxyScene.raw4, 80, "until:hello",
      "send:HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok", "end")
    let seen = try scene.connect(
      ProxyScene.raw4, 80,
      "send:POST /a HTTP/1.1\\r\\n\(Self.head)\(rest)"
        + "DELETE /b HTTP/1.1\\r\\n\(Self.head)Connection: close\\r\\n\\r\\n", "end")
    #expect(seen.received.contains("\r\n\r\nokHTTP/1.1 403"), "\(seen)")
    #expect(try !scene.seen(by: server).received.contains("DELETE"))
    let (records, _) = try scene.sidecar.drain()
    ProxyScene.expect(
      records, [allowed("http", status: 200), denied("http", "method-not-allowed")])
  }

  @Test func `a client that expects 100 Continue gets it from the server`() throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let server = try scene.listen(
      ProxyScene.raw4, 80, "until:\\r\\n\\r\\n", "send:HTTP/1.1 100 Continue\\r\\n\\r\\n",
      "until:body", "send:HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok", "end")
    let seen = try scene.connect(
      ProxyScene.raw4, 80,
      "send:PUT / HTTP/1.1\\r\\n\(Self.head)Expect: 100-continue\\r\\nContent-Length: 4\\r\\n\\r\\n",
      "until:\\r\\n\\r\\n", "send:body", "until:ok", "shutdown", "end")
    #expect(seen.received.hasPrefix("HTTP/1.1 100 "), "\(seen)")
    #expect(seen.received.hasSuffix("ok"), "\(seen)")
    #expect(try scene.seen(by: server).received.hasSuffix("body"))
    try scene.expectRecords(allowed("http", status: 200))
  }

  @Test func `an upgrade that both sides agreed on is relayed both ways`() throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let server = try scene.listen(
      ProxyScene.raw4, 80, "until:\\r\\n\\r\\n",
      "send:HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\n"
        + "Connection: Upgrade\\r\\n\\r\\n\\x81\\x02hi", "until:\\x81\\x03bye", "send:\\x88\\x00")
    let seen = try scene.connect(
      ProxyScene.raw4, 80,
      "send:GET /ws HTTP/1.1\\r\\n\(Self.head)Upgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
        + "\\r\\n", "until:hi", "send:\\x81\\x03bye", "end")
    #expect(seen.received.hasPrefix("HTTP/1.1 101 "), "\(seen)")
    #expect(seen.received.hasSuffix("\u{81}\u{2}hi\u{88}\u{0}"), "\(seen)")
    #expect(try scene.seen(by: server).received.hasSuffix("\u{81}\u{3}bye"))
    try scene.expectRecords(allowed("http", status: 101))
  }

  @Test func `an upgrade that nobody asked for is a 502`() throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    try scene.listen(
      ProxyScene.raw4, 80, "until:\\r\\n\\r\\n",
      "send:HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: x\\r\\nConnection: Upgrade\\r\\n\\r\\n",
      "end")
    #expect(try scene.curl("http://\(ProxyScene.raw4)/").status == 502)
    try scene.expectRecords(allowed("http", status: 502, outcome: "upstream-failed"))
  }
}
