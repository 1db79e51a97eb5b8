import Foundation
import TestNetwork
import Testing

/// Several requests on one connection: each is judged, none is answered with another's verdict.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct KeepAliveTests {
  static let rules = "{hostPattern: api.example.com, port: 80, allowedMethods: [GET, POST]}"

  static func request(
    _ method: String, _ path: String, host: String = "api.example.com", _ rest: String = ""
  ) -> String {
    "\(method) \(path) HTTP/1.1\\r\\nHost: \(host)\\r\\n\(rest)\\r\\n"
  }

  @Test(arguments: ProxyScene.families)
  func `an allowed and a blocked request in one write get their own answers`(
    family: String
  ) throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let seen = try scene.connect(
      ProxyScene.web(family), 80,
      "send:" + Self.request("GET", "/first") + Self.request("DELETE", "/second"), "until:}",
      "shutdown", "end")
    let first = try #require(seen.received.range(of: "HTTP/1.1 200"))
    let second = try #require(seen.received.range(of: "HTTP/1.1 403"))
    #expect(first.lowerBound < second.lowerBound)
    #expect(seen.received.contains("GET http api.example.com /first"))
    #expect(seen.received.contains(#""reason":"method-not-allowed""#))
    #expect(try scene.web.requests(atLeast: 1).map(\.uri) == ["/first"])
    try scene.expectRecords(
      allowed("http", host: "api.example.com", status: 200), denied("http", "method-not-allowed"))
  }

  @Test func `a connection stays usable after a blocked request`() throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let seen = try scene.connect(
      ProxyScene.web4, 80,
      "send:" + Self.request("GET", "/1", host: "other.example.net") + Self.request("GET", "/2")
        + Self.request("DELETE", "/3", "Content-Length: 3\\r\\n") + "abc"
        + Self.request("GET", "/4", "Connection: close\\r\\n"), "end")
    let statuses = seen.received.matches(of: /HTTP\/1\.1 ([0-9]{3})/).map { String($0.output.1) }
    #expect(statuses == ["403", "200", "403", "200"])
    #expect(seen.ended == "eof")
    #expect(try scene.web.requests(atLeast: 2).map(\.uri) == ["/2", "/4"])
    try scene.expectRecords(
      denied("http", "host-not-allowed", host: "other.example.net"),
      allowed("http", status: 200), denied("http", "method-not-allowed"),
      allowed("http", status: 200))
  }

  @Test func `curl reuses one connection for allowed requests and gets every answer`() throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let answer = try scene.curl("-v", "http://api.example.com/a", "http://api.example.com/b")
    #expect(answer.body.contains("api.example.com /a"))
    #expect(answer.body.contains("api.example.com /b"))
    #expect(answer.errors.contains("Re-using existing connection"))
    try scene.expectRecords(
      allowed("http", status: 200).merging(["httpPath": "/a"]) { $1 },
      allowed("http", status: 200).merging(["httpPath": "/b"]) { $1 })
  }

  @Test func `a request head may come a byte at a time`() throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let seen = try scene.connect(
      ProxyScene.web4, 80,
      "dribble:" + Self.request("GET", "/slow", "Connection: close\\r\\n"), "end")
    #expect(seen.received.hasPrefix("HTTP/1.1 200"))
    try scene.expectRecords(allowed("http", status: 200))
  }

  @Test(arguments: [
    ("Content-Length: 3\\r\\nContent-Length: 4\\r\\n\\r\\nabcd", "400"),
    ("Content-Length: 3\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n", "400"),
    ("Transfer-Encoding: xchunked\\r\\n\\r\\n", "501"),
    ("Host: other.example.net\\r\\n\\r\\n", "400"),
    ("X-A : b\\r\\n\\r\\n", "400"),
    ("X-A: b\\r\\n folded\\r\\n\\r\\n", "400"),
    ("X-A: b\\nX-B: c\\r\\n\\r\\n", "400"),
    ("X-A: \\x00\\r\\n\\r\\n", "400"),
  ])
  func `an ambiguous request is refused and no byte of it is sent on`(
    rest: String, status: String
  ) throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let seen = try scene.connect(
      ProxyScene.web4, 80, "send:POST / HTTP/1.1\\r\\nHost: api.example.com\\r\\n" + rest, "end")
    #expect(seen.received.hasPrefix("HTTP/1.1 \(status)"), "\(seen)")
    #expect(seen.ended == "eof")
    #expect(try scene.web.requests().isEmpty)
    let (records, _) = try scene.sidecar.drain()
    #expect(records.count == 1, "\(records)")
    #expect(records.first?.decision == "deny")
  }

  @Test func `a request head over the limit is answered 431 and one that stalls 408`() throws {
    let scene = try ProxyScene(
      allowlist: Self.rules, limits: "requestHeadBytes: 2048, requestHeadSeconds: 0.3")
    let long = try scene.connect(
      ProxyScene.web4, 80,
      "send:" + Self.request("GET", "/", "X-Long: \(String(repeating: "x", count: 4096))\\r\\n"),
      "end")
    #expect(long.received.hasPrefix("HTTP/1.1 431"), "\(long)")
    let slow = try scene.connect(ProxyScene.web4, 80, "send:GET / HTTP/1.1\\r\\nHost: ap", "end")
    #expect(slow.received.hasPrefix("HTTP/1.1 408"), "\(slow)")
    let (records, _) = try scene.sidecar.drain()
    #expect(records.map(\.decision) == ["deny", "deny"], "\(records)")
    #expect(records.map(\.status) == [431, 408])
  }
}
