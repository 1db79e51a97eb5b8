import Foundation
import TestNetwork
import Testing

/// wget, which speaks TLS by GnuTLS.
@Suite("wget", .serialized, .enabled(if: Requirement.privileged))
struct ClientsWgetTests {
  static let wget = ["wget", "-nv", "--tries=1", "--timeout=20"]

  @Test("Two files come over one connection, and one goes on where it was broken off")
  func downloads() throws {
    let scene = try ClientScene()
    let first = try scene.publish("first", 3_000_000)
    let second = try scene.publish("second", 100_000)
    let base = "http://\(ClientScene.open)/files"
    let both = try scene.run(Self.wget + ["\(base)/first", "\(base)/second"])
    #expect(both.status == 0, "\(both.errors)")
    #expect(scene.file("first") == first.data)
    #expect(scene.file("second") == second.data)
    try scene.run(["truncate", "-s", "1000000", "first"]).checked()
    let rest = try scene.run(Self.wget + ["-c", "\(base)/first"])
    #expect(rest.status == 0, "\(rest.errors)")
    #expect(scene.file("first") == first.data)
    let records = try scene.records().http
    ProxyScene.expect(
      records,
      [
        answered("GET", "/files/first"), answered("GET", "/files/second"),
        answered("GET", "/files/first", 206),
      ])
    #expect(records[0][number: "sourcePort"] == records[1][number: "sourcePort"])
    let received = try #require(records.last?.received)
    #expect((2_000_000..<2_010_000).contains(received))
  }

  @Test("A file is sent, and a refused one isn't")
  func upload() throws {
    let scene = try ClientScene()
    let content = try scene.write("content", 500_000)
    let put = Self.wget + ["-O-", "--method=PUT", "--body-file=content"]
    #expect(try scene.run(put + ["http://\(ClientScene.open)/uploads/sent"]).status == 0)
    #expect(scene.uploaded("sent") == content.data)
    let refusal = try scene.run(
      put + ["--content-on-error", "http://\(ClientScene.readable)/uploads/refused"])
    #expect(refusal.status == 8)
    #expect(refusal.errors.contains("403"), "\(refusal.errors)")
    #expect(refusal.output.contains(#""reason":"method-not-allowed""#))
    #expect(scene.uploaded("refused") == nil)
    ProxyScene.expect(
      try scene.records().http,
      [
        answered("PUT", "/uploads/sent", 201),
        refused("PUT", "/uploads/refused", host: ClientScene.readable, "method-not-allowed"),
      ])
  }

  @Test("A blocked host is a 403 with its text in the clear, and an alert over TLS")
  func blocked() throws {
    let scene = try ClientScene()
    let plain = try scene.run(
      Self.wget + ["-O-", "--content-on-error", "http://\(ClientScene.blocked)/"])
    #expect(plain.status == 8)
    #expect(plain.errors.contains("403"), "\(plain.errors)")
    #expect(plain.output.contains(#""reason":"host-not-allowed""#))
    let trusting = Self.wget + ["-O-", "--ca-certificate=\(CertificateAuthority.certificatePath)"]
    let encrypted = try scene.run(trusting + ["https://\(ClientScene.blocked)/"])
    #expect(encrypted.status == 4, "\(encrypted.errors)")
    let open = try scene.run(trusting + ["https://\(ClientScene.open)/a"])
    #expect(open.output == "GET https \(ClientScene.open) /a", "\(open.errors)")
    #expect(try scene.web.requests(atLeast: 1).count == 1)
    let records = try scene.records()
    ProxyScene.expect(
      records.http, [refused("GET", "/", host: ClientScene.blocked, "host-not-allowed")])
    ProxyScene.expect(
      records.others,
      [
        denied("tls", "host-not-allowed", host: ClientScene.blocked),
        allowed("tls", host: ClientScene.open),
      ])
  }
}
