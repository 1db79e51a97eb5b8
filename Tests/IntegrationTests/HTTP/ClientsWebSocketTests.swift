import Foundation
import TestNetwork
import Testing

/// A WebSocket library on both ends.
@Suite("WebSocket", .serialized, .enabled(if: Requirement.privileged))
struct ClientsWebSocketTests {
  func connect(_ url: String, in scene: ClientScene) throws -> [String: String] {
    let finished = try scene.run([
      "/usr/bin/python3", Scratch.script("websocket.py"), "connect",
      CertificateAuthority.certificatePath, url,
    ]).checked()
    return try ProxyScene.fields(try #require(finished.lines.last))
  }

  @Test("Texts, a mebibyte, a ping and the close come back; other hosts are a 403")
  func plain() throws {
    let scene = try ClientScene()
    let server = try scene.serve("websocket.py", "listen", ProxyScene.raw4, "80")
    let seen = try connect("ws://\(ClientScene.service)/echo", in: scene)
    #expect(seen == ["echoed": "5", "pong": "1", "close": "1000"])
    let blocked = try connect("ws://\(ClientScene.blockedService)/echo", in: scene)
    #expect(blocked["error"]?.contains("403") == true, "\(blocked)")
    #expect(server.isRunning)
    let records = try scene.records().http
    ProxyScene.expect(
      records,
      [
        answered("GET", "/echo", host: ClientScene.service, 101),
        refused("GET", "/echo", host: ClientScene.blockedService, "host-not-allowed"),
      ])
    #expect((records.first?.sent ?? 0) > 1 << 20)
    #expect((records.first?.received ?? 0) > 1 << 20)
  }

  @Test("Over TLS it passes by its name, and a blocked name is an alert")
  func encrypted() throws {
    let scene = try ClientScene()
    let pair = try ClientScene.serviceCertificate()
    let server = try scene.serve(
      "websocket.py", "listen", ProxyScene.raw4, "443", pair.certificate, pair.key)
    let seen = try connect("wss://\(ClientScene.service)/echo", in: scene)
    #expect(seen == ["echoed": "5", "pong": "1", "close": "1000"])
    let blocked = try connect("wss://\(ClientScene.blockedService)/echo", in: scene)
    #expect(blocked["error"]?.contains(/(?i)access[ _]denied/) == true, "\(blocked)")
    #expect(server.isRunning)
    ProxyScene.expect(
      try scene.records().others,
      [
        allowed("tls", host: ClientScene.service),
        denied("tls", "host-not-allowed", host: ClientScene.blockedService),
      ])
  }
}
