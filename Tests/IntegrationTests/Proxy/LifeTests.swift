import Foundation
import TestNetwork
import Testing

/// The sidecar's own life: starting, draining, dying, and what it costs.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct LifeTests {
  static let rules = #"{hostPattern: "*"}, {hostPattern: 10.77.2.0/24}"#

  @Test func `a killed sidecar means a refusal, never the destination`() throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    #expect(try scene.curl("http://api.example.com/before").status == 200)
    scene.sidecar.process.stop()
    for arguments in [
      ("-4", "http://api.example.com/"), ("-6", "http://api.example.com/"),
      ("-4", "https://api.example.com/"), ("-6", "https://api.example.com/"),
    ] {
      #expect(try scene.curl(arguments.0, arguments.1).exit == 7)
    }
    #expect(try scene.web.requests().map(\.uri) == ["/before"])
    try scene.restart()
    #expect(try scene.curl("http://api.example.com/after").status == 200)
    try scene.expectRecords(allowed("http", status: 200))
  }

  @Test func `SIGTERM lets a request in flight finish, takes no new one and ends with 0`() throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let server = try scene.listen(
      ProxyScene.raw4, 80, "until:\\r\\n\\r\\n", "signal",
      "send:HTTP/1.1 200 OK\\r\\nContent-Length: 4\\r\\n\\r\\nlate")
    let client = try scene.network.pod.start(
      ["curl", "-sS", "--max-time", "20", "http://\(ProxyScene.raw4)/"], as: .workload)
    try server.wait(for: "the request", recheck: 0.005) { server in
      Sockets.established(onPort: 80, inNamespaceOf: server.pid) > 0 ? () : nil
    }
    scene.sidecar.process.signal(SIGTERM)
    try scene.sidecar.process.wait(for: "the listener to close", recheck: 0.005) { sidecar in
      Sockets.listening(inNamespaceOf: sidecar.pid).contains(15001) ? nil : ()
    }
    #expect(try scene.curl("http://api.example.com/").exit == 7)
    server.signal(SIGUSR1)
    #expect(try client.wait().output == "late")
    try scene.expectRecords(allowed("http", status: 200))
  }

  @Test func `a drain that has to be forced ends with 6 and records what it cut`() throws {
    let scene = try ProxyScene(allowlist: Self.rules, limits: "drainSeconds: 0.3")
    let server = try scene.listen(ProxyScene.raw4, 80, "until:\\r\\n\\r\\n", "hold")
    let client = try scene.network.pod.start(
      ["curl", "-sS", "--max-time", "20", "http://\(ProxyScene.raw4)/"], as: .workload)
    try server.wait(for: "the request", recheck: 0.005) { server in
      Sockets.established(onPort: 80, inNamespaceOf: server.pid) > 0 ? () : nil
    }
    let (records, status) = try scene.sidecar.drain()
    #expect(status == 6)
    ProxyScene.expect(records, [allowed("http", outcome: "shutdown")])
    #expect(try client.wait().status != 0)
  }

  @Test func `a connection to the proxy itself is a loop`() throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    for address in ["127.0.0.1", "::1"] {
      let seen = try scene.connect(address, 15001, "send:GET / HTTP/1.1\\r\\n\\r\\n", "end")
      #expect(!seen.received.contains("200"), "\(seen)")
    }
    try scene.expectRecords(denied(nil, "loop-detected"), denied(nil, "loop-detected"))
  }

  @Test func `a connection without an original destination is denied`() throws {
    let network = try PodNetwork()
    let sidecar = try Sidecar(in: network.pod, document: Self.document)
    let finished = try network.pod.run(
      ["curl", "-sS", "--max-time", "5", "http://127.0.0.1:15001/"], as: .workload)
    #expect(!finished.output.contains("200"))
    let (records, status) = try sidecar.drain()
    #expect(status == 0)
    #expect(records.map(\.reason) == ["original-destination-unavailable"], "\(records)")
    #expect(records.map(\.decision) == ["deny"])
  }

  @Test func `without descriptors connections are denied and recorded`() throws {
    let scene = try ProxyScene(
      allowlist: "{hostPattern: 10.77.2.70, port: 7000}",
      wrapping: ["prlimit", "--nofile=64:64"])
    let crowd = ["/usr/bin/python3", Scratch.script("crowd.py")]
    let server = try scene.network.world.start(crowd + ["listen", ProxyScene.raw4, "7000"])
    try server.waitForLine("ready") { $0 == "ready" }
    let client = try scene.network.pod.run(
      crowd + ["connect", ProxyScene.raw4, "7000", "100"], as: .workload, timeout: 100
    ).checked()
    let counts = try ProxyScene.fields(try #require(client.lines.last))
    let echoed = try #require(counts["echoed"].flatMap { Int($0) })
    #expect((1..<60).contains(echoed), "\(client.output)")
    #expect(try scene.curl("http://\(ProxyScene.raw4):7000/").exit != 7, "it serves on")
    let (records, status) = try scene.sidecar.drain()
    #expect(status == 0)
    #expect(records.count == 101, "\(records.count)")
    let refused = records.filter { $0.decision == "deny" }
    #expect(refused.count == 100 - echoed)
    #expect(refused.allSatisfy { $0.reason == "connection-limit" })
  }

  @Test(.enabled(if: Binary.isRelease)) func `it idles within 25 MB after traffic`() throws {
    let scene = try ProxyScene(allowlist: Self.rules, workers: 2)
    for _ in 0..<20 { #expect(try scene.curl("http://api.example.com/").status == 200) }
    let kilobytes = try Memory.resident(of: scene.sidecar.process.pid)
    #expect(kilobytes <= 25 * 1024, "\(kilobytes) KB")
  }

  /// Processor time, not the clock's: how long others keep the machine busy is not the sidecar's
  /// doing. `make bench` shows the time by the clock.
  @Test(.enabled(if: Binary.isRelease)) func `it listens after at most 50 ms of work`() throws {
    let network = try PodNetwork()
    let sidecar = try Sidecar(in: network.pod, document: Self.document, as: .proxy)
    let work = try ProcessorTime.used(by: sidecar.process.pid)
    #expect(try sidecar.drain().status == 0)
    #expect(work > .zero)
    #expect(work <= .milliseconds(50))
  }

  static let document = """
    workspaceId: ws-test
    egress: {allowlist: [{hostPattern: "*"}]}
    capture: {resolvers: [10.77.2.53]}
    """
}
