import Foundation
import TestNetwork
import Testing

/// Every key of `limits:`, at its value and one past it, in the running sidecar. What a nanosecond
/// more or less makes of a deadline is in DeadlineTests, by a clock that the test moves.
@Suite("Limits", .serialized, .enabled(if: Requirement.privileged))
struct LimitsTests {
  static let rules = #"{hostPattern: "*"}, {hostPattern: 10.77.2.0/24}"#
  static let opaque = "{hostPattern: 10.77.2.70, port: 7000}"
  static let start = "GET / HTTP/1.1\\r\\nHost: api.example.com\\r\\n"

  // MARK: Sizes

  /// Sends a request with this much more in its head, and expects its answer.
  func expect(_ rest: String, _ status: String, in scene: ProxyScene) throws {
    let seen = try scene.connect(
      ProxyScene.web4, 80, "send:\(Self.start)\(rest)\\r\\n", "until:\\r\\n\\r\\n", "shutdown",
      "end"
    )
    #expect(seen.received.hasPrefix("HTTP/1.1 \(status) "), "\(seen)")
    #expect(seen.ended == "eof")
  }

  static func refusal(_ status: Int) -> [String: String] {
    denied("http", "malformed-request").merging(["responseStatus": "\(status)"]) { $1 }
  }

  @Test func `requestHeadBytes: a head may have as many, and no more`() throws {
    let limit = 2048
    let scene = try ProxyScene(allowlist: Self.rules, limits: "requestHeadBytes: \(limit)")
    let rest = "GET / HTTP/1.1..Host: api.example.com..X: ....".count
    let field = String(repeating: "x", count: limit - rest)
    try expect("X: \(field)\\r\\n", "200", in: scene)
    try expect("X: \(field)x\\r\\n", "431", in: scene)
    #expect(try scene.web.requests(atLeast: 1).count == 1)
    try scene.expectRecords(
      allowed("http", host: "api.example.com", status: 200), Self.refusal(431))
  }

  @Test func `requestHeadFields: a head may have as many, and no more`() throws {
    let scene = try ProxyScene(allowlist: Self.rules, limits: "requestHeadFields: 8")
    try expect(String(repeating: "X: y\\r\\n", count: 7), "200", in: scene)
    try expect(String(repeating: "X: y\\r\\n", count: 8), "431", in: scene)
    #expect(try scene.web.requests(atLeast: 1).count == 1)
    try scene.expectRecords(
      allowed("http", host: "api.example.com", status: 200), Self.refusal(431))
  }

  @Test func `peekBytes: a hello may have as many, and no more`() throws {
    let options = ["--sni", "api.example.com", "--alpn", "3000"]
    // The record that carries the hello says how long it is.
    let measuring = try ProxyScene(allowlist: "{hostPattern: 10.77.2.70, port: 443}")
    let server = try measuring.listen(ProxyScene.raw4, 443, "read:5")
    _ = try measuring.tls(ProxyScene.raw4, 443, options)
    let header = Array(try measuring.seen(by: server).received.unicodeScalars.prefix(5))
    let length = Int(header[3].value) << 8 + Int(header[4].value)
    #expect(length > 3000)
    for (limit, passes) in [(length, true), (length - 1, false)] {
      let scene = try ProxyScene(allowlist: Self.rules, limits: "peekBytes: \(limit)")
      let seen = try scene.tls(ProxyScene.web4, 443, options)
      #expect(seen["status"] == (passes ? "HTTP/1.1 200 OK" : nil), "\(seen)")
      try scene.expectRecords(
        passes
          ? allowed("tls", host: "api.example.com") : denied("tls", "malformed-client-hello"))
    }
  }

  @Test func `maxConnections: as many at a time, the next when one has ended`() throws {
    let scene = try ProxyScene(allowlist: Self.opaque, limits: "maxConnections: 2")
    try scene.listen(ProxyScene.raw4, 7000, "send:hello", "end")
    let held = try (0..<2).map { _ in
      try scene.network.pod.start(
        [
          "/usr/bin/python3", Scratch.script("peer.py"), "connect", ProxyScene.raw4, "7000",
          "until:hello", "signal",
        ], as: .workload)
    }
    for client in held {
      try client.wait(for: "the connection", recheck: 0.005) { client in
        Sockets.established(onPort: 15001, inNamespaceOf: client.pid) >= 2 ? () : nil
      }
    }
    let refused = try scene.connect(ProxyScene.raw4, 7000, "end")
    #expect(refused == .init(received: "", ended: "reset"))
    held[0].signal(SIGUSR1)
    _ = try scene.sidecar.records(atLeast: 2)
    let next = try scene.connect(ProxyScene.raw4, 7000, "until:hello")
    #expect(next.received == "hello")
    held[1].signal(SIGUSR1)
    for client in held {
      #expect(try ProxyScene.seen(try #require(client.wait().lines.last)).received == "hello")
    }
    let records = try scene.sidecar.drain().records
    #expect(records.count == 4)
    #expect(records.count { $0.decision == "allow" && $0.outcome == "completed" } == 3)
    ProxyScene.expect(Array(records.prefix(1)), [denied(nil, "connection-limit")])
  }

  // MARK: Times

  /// What is waited for, and what its passing means.
  struct Wait: CustomTestStringConvertible {
    let testDescription: String
    let key: String
    var rules = LimitsTests.rules
    var address = ProxyScene.raw4
    var port = 80
    var server = ["end"]
    let client: [String]
    /// How the client's bytes begin.
    var received = ""
    /// How its connection ends.
    var ended = "reset"
    let record: [String: String]
  }

  static let request = "send:GET / HTTP/1.1\\r\\nHost: 10.77.2.70\\r\\n\\r\\n"

  static let waits = [
    Wait(
      testDescription: "peekSeconds, silence", key: "peekSeconds", rules: #"{hostPattern: "*"}"#,
      client: ["end"], record: denied("tcp", "peek-timeout")),
    Wait(
      testDescription: "peekSeconds, part of a hello", key: "peekSeconds",
      client: ["send:\\x16\\x03\\x01\\x02", "end"], received: "\u{15}\u{3}\u{3}\u{0}\u{2}\u{2}",
      ended: "eof", record: denied("tls", "peek-timeout")),
    Wait(
      testDescription: "requestHeadSeconds, a byte at a time", key: "requestHeadSeconds",
      client: [
        "dribble:GET / HTTP/1.1\\r\\nX: " + String(repeating: "x", count: 2500), "end",
      ], received: "HTTP/1.1 408 ", ended: "eof",
      record: denied("http", "peek-timeout").merging(["responseStatus": "408"]) { $1 }),
    Wait(
      testDescription: "connectSeconds, a request", key: "connectSeconds",
      address: ProxyScene.silent4, client: [request, "until:}", "shutdown", "end"],
      received: "HTTP/1.1 504 ", ended: "eof",
      record: allowed("http", status: 504, outcome: "timed-out")),
    Wait(
      testDescription: "connectSeconds, anything else", key: "connectSeconds",
      address: ProxyScene.silent4, client: ["send:\\x00hello", "end"],
      record: allowed("tcp", outcome: "timed-out")),
    Wait(
      testDescription: "idleSeconds, a relay", key: "idleSeconds",
      server: ["send:hi", "end"], client: ["send:\\x00hello", "end"], received: "hi",
      record: allowed("tcp", outcome: "timed-out")),
    Wait(
      testDescription: "idleSeconds, no answer", key: "idleSeconds",
      client: [request, "until:}", "shutdown", "end"], received: "HTTP/1.1 504 ", ended: "eof",
      record: allowed("http", status: 504, outcome: "timed-out")),
    Wait(
      testDescription: "idleSeconds, half an answer", key: "idleSeconds",
      server: [
        "until:\\r\\n\\r\\n", "send:HTTP/1.1 200 OK\\r\\nContent-Length: 9\\r\\n\\r\\nhalf", "end",
      ],
      client: [request, "end"], received: "HTTP/1.1 200 ",
      record: allowed("http", status: 200, outcome: "timed-out")),
    Wait(
      testDescription: "idleSeconds, a client that doesn't read", key: "idleSeconds",
      server: [
        "until:\\r\\n\\r\\n", "send:HTTP/1.1 200 OK\\r\\nContent-Length: 99999999\\r\\n\\r\\n",
        "fill:99999999",
      ],
      client: [request, "signal"], record: allowed("http", status: 200, outcome: "timed-out")),
    Wait(
      testDescription: "halfClosedSeconds, a relay", key: "halfClosedSeconds",
      server: ["end", "signal"], client: ["send:\\x00hello", "shutdown", "end"],
      record: allowed("tcp", outcome: "timed-out")),
    Wait(
      testDescription: "halfClosedSeconds, a request", key: "halfClosedSeconds",
      server: ["until:\\r\\n\\r\\n", "signal"], client: [request, "shutdown", "end"],
      received: "HTTP/1.1 504 ", ended: "eof",
      record: allowed("http", status: 504, outcome: "timed-out")),
  ]

  /// Long enough for the steps before it on a busy machine: what comes late would pass for a wait.
  private static let waitMilliseconds = 1500.0

  @Test(arguments: waits) func `a wait ends when its time is over, not before`(wait: Wait) throws {
    let scene = try ProxyScene(
      allowlist: wait.rules, limits: "\(wait.key): \(Self.waitMilliseconds / 1000)")
    if wait.address == ProxyScene.raw4 {
      try scene.listen(wait.address, wait.port, wait.server)
    }
    let client = try scene.network.pod.start(
      ["/usr/bin/python3", Scratch.script("peer.py"), "connect", wait.address, "\(wait.port)"]
        + wait.client, as: .workload)
    let record = try #require(try scene.sidecar.records(atLeast: 1).first)
    ProxyScene.expect([record], [wait.record])
    let milliseconds = try #require(record[number: "latencyMs"])
    #expect(milliseconds >= Self.waitMilliseconds)
    // One step of the timer wheel, and what else the machine does.
    #expect(milliseconds < Self.waitMilliseconds + 3000 * Sanitizer.patience)
    if wait.client.last == "signal" {
      client.signal(SIGUSR1)
    } else {
      let seen = try ProxyScene.seen(try #require(try client.wait().lines.last))
      #expect(seen.received.hasPrefix(wait.received), "\(seen)")
      #expect(seen.ended == wait.ended, "\(seen)")
    }
    #expect(try scene.sidecar.drain().records.count == 1)
  }

  @Test func `keepAliveSeconds: a connection that asks for nothing more is closed`() throws {
    let scene = try ProxyScene(allowlist: Self.rules, limits: "keepAliveSeconds: 1.5")
    let before = ContinuousClock.now
    let seen = try scene.connect(
      ProxyScene.web4, 80, "send:\(Self.start)\\r\\n", "until:.com /", "send:\(Self.start)\\r\\n",
      "end")
    #expect(ContinuousClock.now - before >= .milliseconds(1500))
    #expect(seen.received.matches(of: /HTTP\/1.1 200/).count == 2)
    #expect(seen.ended == "eof")
    let record = allowed("http", host: "api.example.com", status: 200)
    try scene.expectRecords(record, record)
  }

  @Test func `drainSeconds: with none, what is in flight is closed at once`() throws {
    let scene = try ProxyScene(allowlist: Self.rules, limits: "drainSeconds: 0")
    let server = try scene.listen(ProxyScene.raw4, 80, "until:\\r\\n\\r\\n", "hold")
    let client = try scene.network.pod.start(
      ["curl", "-sS", "--max-time", "20", "http://\(ProxyScene.raw4)/"], as: .workload)
    try server.wait(for: "the request", recheck: 0.005) { server in
      Sockets.established(onPort: 80, inNamespaceOf: server.pid) > 0 ? () : nil
    }
    let (records, status) = try scene.sidecar.drain(timeout: 5)
    #expect(status == 6)
    ProxyScene.expect(records, [allowed("http", outcome: "shutdown")])
    #expect(try client.wait().status != 0)
  }
}
