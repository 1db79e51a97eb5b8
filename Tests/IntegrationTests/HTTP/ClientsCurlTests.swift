import Foundation
import TestNetwork
import Testing

/// curl, by each way it has of framing a request.
@Suite("curl", .serialized, .enabled(if: Requirement.privileged))
struct ClientsCurlTests {
  static let open = "http://\(ClientScene.open)"
  static let readable = "http://\(ClientScene.readable)"
  static let blocked = "http://\(ClientScene.blocked)"

  @Test("Each version of HTTP/1 gets a file whole, and its 403", arguments: ["0", "1"])
  func versions(minor: String) throws {
    let scene = try ClientScene()
    let content = try scene.publish("content", 3_000_000)
    let got = try scene.run([
      "curl", "-sS", "--http1.\(minor)", "-o", "got", "-w", "%{http_version} %{http_code}",
      "\(Self.open)/files/content",
    ])
    #expect(got.status == 0, "\(got.errors)")
    #expect(got.output == "1.1 200")
    #expect(scene.file("got") == content.data)
    let refusal = try scene.run([
      "curl", "-sS", "--http1.\(minor)", "--fail-with-body", "\(Self.blocked)/files/content",
    ])
    #expect(refusal.status == 22)
    #expect(refusal.errors.contains("403"))
    #expect(refusal.output.contains(#""reason":"host-not-allowed""#))
    #expect(refusal.output.contains(#""suggestedRule":"#))
    let records = try scene.records()
    ProxyScene.expect(
      records.http,
      [
        answered("GET", "/files/content"),
        refused("GET", "/files/content", host: ClientScene.blocked, "host-not-allowed"),
      ])
    #expect((records.http.first?.received ?? 0) > content.data.count)
    #expect((records.http.first?.sent ?? 0) > 0)
    #expect(records.http.last?.sent == 0)
  }

  @Test("An upload of unknown length arrives whole, in chunks")
  func chunkedUpload() throws {
    let scene = try ClientScene()
    let content = try scene.write("content", 3_000_000)
    let put = try scene.run(
      ["curl", "-sSf", "-T", "-", "\(Self.open)/uploads/chunked"], input: content.data)
    #expect(put.status == 0, "\(put.errors)")
    #expect(scene.uploaded("chunked") == content.data)
    let records = try scene.records()
    ProxyScene.expect(records.http, [answered("PUT", "/uploads/chunked", 201)])
    #expect((records.http.first?.sent ?? 0) > content.data.count)
  }

  /// With `Expect: 100-continue` the body is never sent; without it, it is on its way already.
  @Test(
    "A refused upload shows its 403 and leaves nothing on the server",
    arguments: ["Expect: 100-continue", "Expect:"], [100_000, 8_000_000])
  func refusedUpload(expectation: String, size: Int) throws {
    let scene = try ClientScene()
    let content = try scene.write("content", size)
    let put = try scene.run(
      [
        "curl", "-sS", "-H", expectation, "-w", "\n%{http_code}", "-T", "-",
        "\(Self.readable)/uploads/refused",
      ], input: content.data)
    #expect(put.lines.last == "403", "\(put.errors)")
    #expect(put.output.contains(#""reason":"method-not-allowed""#))
    #expect(scene.uploaded("refused") == nil)
    #expect(try scene.web.requests().isEmpty)
    ProxyScene.expect(
      try scene.records().http,
      [
        refused("PUT", "/uploads/refused", host: ClientScene.readable, "method-not-allowed")
      ])
  }

  @Test("A download goes on where it was broken off")
  func resumed() throws {
    let scene = try ClientScene()
    let content = try scene.publish("content", 3_000_000)
    try scene.run(["sh", "-c", "head -c 1000000 '\(content.path)' >got"]).checked()
    let got = try scene.run([
      "curl", "-sSf", "-C", "-", "-o", "got", "\(Self.open)/files/content",
    ])
    #expect(got.status == 0, "\(got.errors)")
    #expect(scene.file("got") == content.data)
    let records = try scene.records()
    ProxyScene.expect(records.http, [answered("GET", "/files/content", 206)])
    let received = try #require(records.http.first?.received)
    #expect((2_000_000..<2_010_000).contains(received))
  }

  @Test("The size alone is asked for, and forty requests run side by side")
  func headAndParallel() throws {
    let scene = try ClientScene()
    let content = try scene.publish("content", 3_000_000)
    let head = try scene.run(["curl", "-sSfI", "\(Self.open)/files/content"])
    #expect(head.output.lowercased().contains("content-length: \(content.data.count)\r\n"))
    let many = try scene.run([
      "curl", "-sSf", "-Z", "--parallel-max", "20", "\(Self.open)/[1-40]", "-o", "got-#1",
    ])
    #expect(many.status == 0, "\(many.errors)")
    for number in 1...40 {
      #expect(
        scene.file("got-\(number)") == Data("GET http \(ClientScene.open) /\(number)".utf8))
    }
    let records = try scene.records().http
    ProxyScene.expect([records[0]], [answered("HEAD", "/files/content")])
    #expect(Set(records.dropFirst().map { $0[text: "httpPath"] }) == Set((1...40).map { "/\($0)" }))
    #expect(records.count == 41)
  }

  @Test("An upgrade to HTTP/2 is not passed on, and the request is answered over HTTP/1.1")
  func upgradeToHTTP2() throws {
    let scene = try ClientScene()
    let server = try scene.proxy.listen(
      ProxyScene.raw4, 80, "until:\\r\\n\\r\\n",
      "send:HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok", "end")
    let got = try scene.run([
      "curl", "-sS", "--http2", "-w", " %{http_version}", "http://\(ClientScene.service)/",
    ])
    #expect(got.output == "ok 1.1", "\(got.errors)")
    let request = try scene.proxy.seen(by: server).received.lowercased()
    #expect(request.hasPrefix("get / http/1.1\r\n"))
    for word in ["h2c", "upgrade", "http2-settings"] { #expect(!request.contains(word)) }
    let refusal = try scene.run([
      "curl", "-sS", "--http2", "-w", "\n%{http_version} %{http_code}", "\(Self.blocked)/",
    ])
    #expect(refusal.lines.last == "1.1 403")
    ProxyScene.expect(
      try scene.records().http,
      [
        answered("GET", "/", host: ClientScene.service),
        refused("GET", "/", host: ClientScene.blocked, "host-not-allowed"),
      ])
  }

  @Test("HTTP/2 with prior knowledge ends at once, asked to use HTTP/1.1")
  func priorKnowledge() throws {
    let scene = try ClientScene()
    let before = ContinuousClock.now
    let got = try scene.run(["curl", "-sS", "-v", "--http2-prior-knowledge", "\(Self.open)/"])
    #expect(ContinuousClock.now - before < .seconds(5 * Sanitizer.patience))
    #expect(got.status != 0)
    #expect(got.output.isEmpty)
    #expect(got.errors.contains("GOAWAY"), "\(got.errors)")
    #expect(try scene.web.requests().isEmpty)
    let records = try scene.records()
    #expect(records.http.isEmpty)
    ProxyScene.expect(records.others, [denied("tcp", "opaque-protocol")])
  }
}
