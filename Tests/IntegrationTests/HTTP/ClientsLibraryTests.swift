import Foundation
import TestNetwork
import Testing

/// The HTTP libraries that programs bring along, each in one session that keeps its connections.
@Suite("HTTP libraries", .serialized, .enabled(if: Requirement.privileged))
struct ClientsLibraryTests {
  enum Library: CaseIterable {
    case requests, aiohttp, fetch

    /// The script that performs steps, see Scripts/requests_client.py.
    var command: [String] {
      switch self {
      case .requests: ["/usr/bin/python3", Scratch.script("requests_client.py")]
      case .aiohttp:
        [
          "/usr/bin/python3", Scratch.script("aiohttp_client.py"),
          CertificateAuthority.certificatePath,
        ]
      case .fetch: ["node", Scratch.script("fetch.mjs")]
      }
    }

    var trust: [String: String] {
      switch self {
      case .requests: ["REQUESTS_CA_BUNDLE": CertificateAuthority.certificatePath]
      case .aiohttp: [:]
      case .fetch: ["NODE_EXTRA_CA_CERTS": CertificateAuthority.certificatePath]
      }
    }
  }

  static let open = "http://\(ClientScene.open)"
  static let readable = "http://\(ClientScene.readable)"
  static let blocked = "http://\(ClientScene.blocked)"

  /// What the library saw of each step.
  func perform(
    _ library: Library, _ steps: String..., in scene: ClientScene
  ) throws -> [[String: String]] {
    let finished = try scene.run(library.command + steps, environment: library.trust)
    try finished.checked()
    return try finished.lines.map { try ProxyScene.fields($0) }
  }

  @Test(
    "Downloads, an upload and a streamed upload share a connection and arrive whole",
    arguments: Library.allCases)
  func allowed(library: Library) throws {
    let scene = try ClientScene()
    let big = try scene.publish("big", 5_000_000)
    let small = try scene.publish("small", 10)
    let upload = try scene.write("upload", 2_000_000)
    let seen = try perform(
      library, "get \(Self.open)/files/big", "put upload \(Self.open)/uploads/put",
      "get \(Self.open)/files/small", "stream upload \(Self.open)/uploads/stream",
      "delete \(Self.open)/gone", "get \(Self.open)/files/big", in: scene)
    #expect(seen.map { $0["status"] } == ["200", "201", "200", "201", "200", "200"], "\(seen)")
    #expect(seen[0]["sha256"] == big.sha256)
    #expect(seen[2]["sha256"] == small.sha256)
    #expect(seen[4]["text"] == "DELETE http \(ClientScene.open) /gone")
    #expect(seen[5]["sha256"] == big.sha256)
    #expect(scene.uploaded("put") == upload.data)
    #expect(scene.uploaded("stream") == upload.data)
    let records = try scene.records().http
    ProxyScene.expect(
      records,
      [
        answered("GET", "/files/big"), answered("PUT", "/uploads/put", 201),
        answered("GET", "/files/small"), answered("PUT", "/uploads/stream", 201),
        answered("DELETE", "/gone"), answered("GET", "/files/big"),
      ])
    // Node keeps two connections and takes turns.
    let connections = Set(records.compactMap { $0[number: "sourcePort"] }).count
    #expect(connections <= (library == .fetch ? 2 : 1))
    #expect((records[0].received ?? 0) > big.data.count)
    #expect((records[1].sent ?? 0) > upload.data.count)
    #expect((records[3].sent ?? 0) > upload.data.count)
  }

  @Test(
    "A refusal shows its status, its reason and what would allow it; the session goes on",
    arguments: Library.allCases)
  func refused(library: Library) throws {
    let scene = try ClientScene()
    _ = try scene.write("upload", 100_000)
    let seen = try perform(
      library, "get \(Self.blocked)/a", "get \(Self.readable)/b",
      "put upload \(Self.readable)/uploads/put", "stream upload \(Self.readable)/uploads/stream",
      "get \(Self.readable)/c", in: scene)
    #expect(seen.map { $0["status"] } == ["403", "200", "403", "403", "200"], "\(seen)")
    let reasons = ["host-not-allowed", "", "method-not-allowed", "method-not-allowed", ""]
    #expect(seen.map { $0["reason"] } == reasons)
    #expect(seen[0]["text"]?.contains(#""suggestedRule":{"#) == true, "\(seen)")
    #expect(seen[2]["text"]?.contains(#""method":"PUT""#) == true, "\(seen)")
    #expect(scene.uploaded("put") == nil)
    #expect(scene.uploaded("stream") == nil)
    #expect(try scene.web.requests(atLeast: 2).map(\.uri) == ["/b", "/c"])
    let host = ClientScene.readable
    ProxyScene.expect(
      try scene.records().http,
      [
        IntegrationTests.refused("GET", "/a", host: ClientScene.blocked, reasons[0]),
        answered("GET", "/b", host: host),
        IntegrationTests.refused("PUT", "/uploads/put", host: host, reasons[2]),
        IntegrationTests.refused("PUT", "/uploads/stream", host: host, reasons[3]),
        answered("GET", "/c", host: host),
      ])
  }

  @Test(
    "TLS passes through by its name, or ends with an alert that the library names",
    arguments: Library.allCases)
  func encrypted(library: Library) throws {
    let scene = try ClientScene()
    let content = try scene.publish("content", 1_000_000)
    let seen = try perform(
      library, "get https://\(ClientScene.open)/files/content",
      "get https://\(ClientScene.blocked)/files/content", in: scene)
    #expect(seen[0]["sha256"] == content.sha256, "\(seen)")
    let error = try #require(seen[1]["error"])
    #expect(error.contains(/(?i)access[ _]denied/), "\(error)")
    let others = try scene.records().others
    let passed = others.filter { $0.decision == "allow" }
    ProxyScene.expect(passed, [IntegrationTests.allowed("tls", host: ClientScene.open)])
    // aiohttp tries the name's other address too.
    let blocked = others.filter { $0.decision == "deny" }
    #expect((1...2).contains(blocked.count))
    for record in blocked {
      ProxyScene.expect(
        [record], [denied("tls", "host-not-allowed", host: ClientScene.blocked)])
    }
    #expect((passed.first?.received ?? 0) > content.data.count)
  }

  @Test("Thirty requests at once each get their own answer")
  func together() throws {
    let scene = try ClientScene()
    let content = try scene.publish("content", 200_000)
    let seen = try perform(
      .aiohttp, "together 30 \(Self.open)/files/content", "together 30 \(Self.blocked)/",
      in: scene)
    #expect(seen.prefix(30).allSatisfy { $0["sha256"] == content.sha256 }, "\(seen)")
    #expect(seen.suffix(30).allSatisfy { $0["reason"] == "host-not-allowed" }, "\(seen)")
    let records = try scene.records().http
    #expect(records.count == 60)
    #expect(records.count { $0.decision == "allow" && $0.outcome == "completed" } == 30)
  }
}
