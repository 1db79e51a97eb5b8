import Foundation
import TestNetwork
import Testing

/// Peers that are slow, or take nothing: the other side is held back, and little is kept meanwhile.
@Suite("Stalled peers over HTTP", .serialized, .enabled(if: Requirement.privileged))
struct LimitsStalledTests {
  static let rules = "{hostPattern: 10.77.2.70}"
  static let size = 100 << 20

  enum Framing: String, CaseIterable {
    case length, chunked

    /// The head's fields, and the steps that send the body; `END` comes last in both.
    var fields: String {
      switch self {
      case .length: "Content-Length: \(LimitsStalledTests.size + 3)\\r\\n\\r\\n"
      case .chunked: "Transfer-Encoding: chunked\\r\\n\\r\\n"
      }
    }
    var steps: [String] {
      switch self {
      case .length: ["fill:\(LimitsStalledTests.size)", "send:END"]
      case .chunked: ["chunks:\(LimitsStalledTests.size)"]
      }
    }
    var end: String { self == .length ? "END" : "\\r\\n0\\r\\n\\r\\n" }
    var bodyLength: Int {
      let chunks = LimitsStalledTests.size / 65536
      return self == .length
        ? LimitsStalledTests.size + 3 : LimitsStalledTests.size + chunks * 9 + 5
    }
  }

  static let answer = "HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok"

  /// Starts the client of a scene.
  func connect(_ scene: ProxyScene, _ steps: [String]) throws -> RunningProcess {
    try scene.network.pod.start(
      ["/usr/bin/python3", Scratch.script("peer.py"), "connect", ProxyScene.raw4, "80"] + steps,
      as: .workload)
  }

  /// Waits until the sender's queue has stopped moving, and expects the sidecar to have grown little.
  func expectHeldBack(_ sender: RunningProcess, _ scene: ProxyScene, since before: Int) throws {
    var last = 0
    var unchanged = 0
    try sender.wait(for: "the sender to block", timeout: 30, recheck: 0.01) { sender in
      let queued = Sockets.unsent(withPort: 80, inNamespaceOf: sender.pid)
      unchanged = queued > 0 && queued == last ? unchanged + 1 : 0
      last = queued
      return unchanged == 25 ? () : nil
    }
    let grown = try Memory.resident(of: scene.sidecar.process.pid) - before
    Memory.expect(grown, atMost: 4096, "for one stalled connection")
  }

  @Test("A client that doesn't read its answer holds the server back", arguments: Framing.allCases)
  func download(framing: Framing) throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let server = try scene.listen(
      ProxyScene.raw4, 80,
      ["until:\\r\\n\\r\\n", "send:HTTP/1.1 200 OK\\r\\n\(framing.fields)"] + framing.steps + [
        "end"
      ])
    let before = try Memory.resident(of: scene.sidecar.process.pid)
    let client = try connect(
      scene,
      [
        "send:GET / HTTP/1.1\\r\\nHost: 10.77.2.70\\r\\n\\r\\n", "read:1", "signal",
        "skip:\(framing.end)",
      ])
    try expectHeldBack(server, scene, since: before)
    client.signal(SIGUSR1)
    let seen = try ProxyScene.fields(try #require(try client.wait().lines.last))
    let read = try #require(seen["received"]?.unicodeScalars.count)
    let received = read + (try #require(seen["skipped"].flatMap { Int($0) }))
    let head = "HTTP/1.1 200 OK\\r\\n\(framing.fields)".replacing("\\r\\n", with: "..").count
    #expect(received == head + framing.bodyLength)
    try scene.expectRecords(
      allowed("http", status: 200).merging(["bytesReceived": "\(received)"]) { $1 })
  }

  @Test("A server that doesn't read a body holds the client back", arguments: Framing.allCases)
  func upload(framing: Framing) throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let server = try scene.listen(
      ProxyScene.raw4, 80,
      ["until:\\r\\n\\r\\n", "signal", "skip:\(framing.end)", "send:\(Self.answer)", "end"])
    let before = try Memory.resident(of: scene.sidecar.process.pid)
    let client = try connect(
      scene,
      ["send:PUT / HTTP/1.1\\r\\nHost: 10.77.2.70\\r\\n\(framing.fields)"] + framing.steps
        + ["until:ok"])
    try expectHeldBack(client, scene, since: before)
    server.signal(SIGUSR1)
    let seen = try ProxyScene.seen(try #require(try client.wait().lines.last))
    #expect(seen.received.hasSuffix("\r\n\r\nok"), "\(seen)")
    let (records, _) = try scene.sidecar.drain()
    ProxyScene.expect(records, [allowed("http", status: 200)])
    #expect((records.first?.sent ?? 0) > framing.bodyLength)
  }

  @Test(
    "An answer that comes before the body ends reaches the client, whatever becomes of the body")
  func early() throws {
    for (answer, after) in [
      (
        "HTTP/1.1 413 Too Large\\r\\nConnection: close\\r\\nContent-Length: 2\\r\\n\\r\\nok",
        ["shutdown"]
      ),
      (
        "HTTP/1.1 413 Too Large\\r\\nConnection: close\\r\\nContent-Length: 2\\r\\n\\r\\nok",
        ["shutdown", "end"]
      ),
      ("HTTP/1.1 413 Too Large\\r\\nContent-Length: 2\\r\\n\\r\\nok", ["end"]),
      ("HTTP/1.1 413 Too Large\\r\\n\\r\\nok", ["shutdown"]),
    ] {
      let scene = try ProxyScene(allowlist: Self.rules)
      try scene.listen(ProxyScene.raw4, 80, ["until:\\r\\n\\r\\n", "send:\(answer)"] + after)
      let file = "\(Scratch.makeDirectory("early"))/body"
      try RunningProcess(["truncate", "-s", "20000000", file]).wait().checked()
      let got = try scene.curl("-H", "Expect:", "-T", file, "http://\(ProxyScene.raw4)/")
      #expect(got.status == 413, "\(after): \(got)")
      #expect(got.body == "ok")
      let (records, _) = try scene.sidecar.drain()
      #expect(records.count == 1, "\(records)")
      #expect(records.first?.status == 413)
      #expect(records.first?.decision == "allow")
    }
  }

  @Test("An answer that comes a byte at a time passes as it comes")
  func slowServer() throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let body = String(repeating: "5\\r\\nhello\\r\\n", count: 40)
    try scene.listen(
      ProxyScene.raw4, 80, "until:\\r\\n\\r\\n",
      "dribble:HTTP/1.1 103 Early Hints\\r\\n\\r\\nHTTP/1.1 200 OK\\r\\n"
        + "Transfer-Encoding: chunked\\r\\n\\r\\n\(body)0\\r\\nX: y\\r\\n\\r\\n", "end")
    let got = try scene.curl("http://\(ProxyScene.raw4)/")
    #expect(got.status == 200)
    #expect(got.body == String(repeating: "hello", count: 40))
    try scene.expectRecords(allowed("http", status: 200))
  }
}
