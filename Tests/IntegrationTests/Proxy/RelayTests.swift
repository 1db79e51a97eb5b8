import Foundation
import TestNetwork
import Testing

/// Ends, half-ends and many bytes: what a relay must not change.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct RelayTests {
  static let rules = """
    {hostPattern: 10.77.2.70, port: 7000}
    {hostPattern: "fd77:2::70", port: 7000}
    """

  @Test(arguments: ProxyScene.families)
  func `a client that has finished sending still reads the answer`(family: String) throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let address = ProxyScene.raw(family)
    let server = try scene.listen(address, 7000, "end", "send:all of it arrived")
    let client = try scene.connect(address, 7000, "send:the request", "shutdown", "end")
    #expect(client == .init(received: "all of it arrived", ended: "eof"))
    #expect(try scene.seen(by: server) == .init(received: "the request", ended: "eof"))
    try scene.expectRecords(allowed("tcp"))
  }

  @Test(arguments: ProxyScene.families)
  func `a server that has finished sending still reads the client`(family: String) throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let address = ProxyScene.raw(family)
    let server = try scene.listen(address, 7000, "send:banner", "shutdown", "end")
    let client = try scene.connect(address, 7000, "end", "send:after the end", "shutdown")
    #expect(client == .init(received: "banner", ended: "eof"))
    #expect(try scene.seen(by: server) == .init(received: "after the end", ended: "eof"))
    try scene.expectRecords(
      allowed("tcp").merging(["bytesSent": "13", "bytesReceived": "6"]) { $1 })
  }

  @Test func `a server that closes first ends the client`() throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    try scene.listen(ProxyScene.raw4, 7000, "send:bye")
    let client = try scene.connect(ProxyScene.raw4, 7000, "end")
    #expect(client == .init(received: "bye", ended: "eof"))
    try scene.expectRecords(allowed("tcp"))
  }

  @Test func `a server that resets resets the client`() throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    try scene.listen(ProxyScene.raw4, 7000, "until:x", "reset")
    let client = try scene.connect(ProxyScene.raw4, 7000, "send:x", "end")
    #expect(client.ended == "reset")
    try scene.expectRecords(allowed("tcp", outcome: "upstream-failed"))
  }

  @Test func `a client that resets resets the server`() throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let server = try scene.listen(ProxyScene.raw4, 7000, "send:hello", "end")
    _ = try scene.connect(ProxyScene.raw4, 7000, "until:hello", "reset")
    #expect(try scene.seen(by: server).ended == "reset")
    try scene.expectRecords(allowed("tcp", outcome: "client-gone"))
  }

  @Test(arguments: ProxyScene.families)
  func `a gibibyte each way at once arrives bit for bit`(family: String) throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let address = ProxyScene.raw(family)
    let size = family == "-4" ? 1 << 30 : 1 << 27
    let bulk = ["/usr/bin/python3", Scratch.script("bulk.py")]
    let server = try scene.network.world.start(
      bulk + ["listen", address, "7000", "\(size)", "1"])
    try server.waitUntilListening(7000)
    let client = try scene.network.pod.run(
      bulk + ["connect", address, "7000", "\(size)", "2"], as: .workload, timeout: 120
    ).checked()
    let atClient = try ProxyScene.fields(try #require(client.lines.last))
    let atServer = try ProxyScene.fields(try #require(try server.wait().lines.last))
    #expect(atClient["received"] == atServer["sent"])
    #expect(atServer["received"] == atClient["sent"])
    #expect(atClient["sent"] != atServer["sent"])
    #expect(atClient["bytes"] == "\(size)")
    try scene.expectRecords(
      allowed("tcp").merging(["bytesSent": "\(size)", "bytesReceived": "\(size)"]) { $1 })
  }

  @Test(arguments: ["", "-H 'Transfer-Encoding: chunked'"])
  func `a large upload and its download over HTTP arrive bit for bit`(framing: String) throws {
    let scene = try ProxyScene(allowlist: "{hostPattern: api.example.com}")
    let size = 200_000_000
    let source = "\(Scratch.makeDirectory("bulk"))/source"
    try scene.network.world.shell(
      "openssl enc -aes-128-ctr -K 0 -iv 0 -in /dev/zero 2>/dev/null | head -c \(size) >\(source)"
    )
    let moved = try scene.network.pod.shell(
      """
      sha256sum <\(source)
      curl -sSf \(framing) -T \(source) http://api.example.com/uploads/big
      curl -sSf http://api.example.com/files/big | sha256sum
      """, as: .workload
    ).checked()
    let sums = moved.lines.filter { $0.hasSuffix("  -") }
    #expect(sums.count == 2)
    #expect(sums.first == sums.last)
    let (records, _) = try scene.sidecar.drain()
    ProxyScene.expect(records, [allowed("http", status: 201), allowed("http", status: 200)])
    #expect((records.first?.sent ?? 0) >= size)
    #expect((records.last?.received ?? 0) >= size)
  }

  @Test func `2,000 connections at once each get their own bytes and their own record`() throws {
    let scene = try ProxyScene(allowlist: Self.rules, workers: 2)
    let crowd = ["/usr/bin/python3", Scratch.script("crowd.py")]
    let server = try scene.network.world.start(crowd + ["listen", ProxyScene.raw4, "7000"])
    try server.waitForLine("ready") { $0 == "ready" }
    let client = try scene.network.pod.run(
      crowd + ["connect", ProxyScene.raw4, "7000", "2000"], as: .workload, timeout: 100
    ).checked()
    let counts = try ProxyScene.fields(try #require(client.lines.last))
    #expect(counts["echoed"] == "2000", "\(client.output)")
    let (records, status) = try scene.sidecar.drain()
    #expect(status == 0)
    #expect(records.count == 2000)
    #expect(records.allSatisfy { $0.decision == "allow" && $0.outcome == "completed" })
    #expect(Set(records.map { $0[text: "auditId"] }).count == 2000)
  }
}
