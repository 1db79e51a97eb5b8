import Foundation
import TestNetwork
import Testing

/// Where names lead, and how long that may take.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct ExplicitNamesTests {
  static let any = #"{name: any, hostPattern: "*.example.com"}"#

  @Test(arguments: [
    ("127.0.0.1", 80, "forbidden-address", "127.0.0.1"),
    ("::1", 443, "forbidden-address", "::1"),
    ("169.254.169.254,169.254.170.2", 80, "forbidden-address", "169.254.169.254"),
    ("::ffff:127.0.0.1", 80, "forbidden-address", "127.0.0.1"),
    ("10.77.1.2", 15001, "loop-detected", "10.77.1.2"),
    ("fd77:1::2", 15006, "loop-detected", "fd77:1::2"),
  ])
  func `a name leads to no forbidden address and not back to the proxy`(
    addresses: String, port: Int, reason: String, address: String
  ) throws {
    for target in ["http", "https"] {
      let explicit = try ExplicitScene(
        allowlist: Self.any, names: ["evil.example.com": addresses])
      let answer = try explicit.curl("-D", "-", "\(target)://evil.example.com:\(port)/")
      #expect(answer.body.contains("x-portarium-deny-reason: \(reason)"), "\(answer)")
      #expect(explicit.questions == ["evil.example.com"])
      try explicit.scene.expectRecords(
        denied("http", reason, host: "evil.example.com").merging([
          "destinationAddress": address, "destinationPort": "\(port)", "responseStatus": "403",
        ]) { $1 })
    }
  }

  @Test(arguments: [
    // Silent first, refused first, forbidden first; each beside one that works.
    ("\(ProxyScene.silent4),\(ProxyScene.web6)", ProxyScene.web6),
    ("fd77:2::99,\(ProxyScene.web4)", ProxyScene.web4),
    ("\(ProxyScene.raw4),\(ProxyScene.web6)", ProxyScene.web6),
    ("\(ProxyScene.raw6),\(ProxyScene.web4)", ProxyScene.web4),
    ("127.0.0.1,\(ProxyScene.web6)", ProxyScene.web6),
    ("10.77.2.99,10.77.2.98,10.77.2.97,\(ProxyScene.web6)", ProxyScene.web6),
  ])
  func `an address that leads nowhere costs little beside one that works`(
    addresses: String, reached: String
  ) throws {
    let explicit = try ExplicitScene(
      allowlist: Self.any, names: ["two.example.com": addresses], limits: "connectSeconds: 60")
    let began = Date()
    #expect(try explicit.curl("http://two.example.com/").body == "GET http two.example.com /")
    #expect(try explicit.curl("https://two.example.com/", "-k").body.contains("https two"))
    #expect(Date().timeIntervalSince(began) < 10 * Sanitizer.patience)
    try explicit.scene.expectRecords(
      allowed("http", host: "two.example.com", status: 200).merging([
        "destinationAddress": reached
      ]) { $1 },
      allowed("tls", host: "two.example.com", status: 200).merging([
        "destinationAddress": reached
      ]) { $1 })
  }

  @Test(arguments: [
    ("\(ProxyScene.raw4),\(ProxyScene.raw6)", 502, "unreachable", "upstream-failed"),
    ("\(ProxyScene.silent4),fd77:2::99", 504, "timed-out", "timed-out"),
    ("silent", 504, "timed-out", "timed-out"),
    ("", 502, "unresolved", "upstream-failed"),
  ])
  func `a target that can't be reached is a failure of its own, not a refusal`(
    addresses: String, status: Int, reason: String, outcome: String
  ) throws {
    let explicit = try ExplicitScene(
      allowlist: Self.any, names: ["gone.example.com": addresses], limits: "connectSeconds: 0.7")
    let answer = try explicit.curl("http://gone.example.com/")
    #expect(answer.status == status)
    #expect(answer.field("reason") == reason)
    #expect(answer.field("host") == "gone.example.com")
    let tunnel = try explicit.curl("https://gone.example.com/")
    #expect(tunnel.errors.contains("\(status)"), "\(tunnel)")
    let record = allowed(
      "http", host: "gone.example.com", rule: "any", status: status, outcome: outcome)
    try explicit.scene.expectRecords(
      record, record.merging(["httpMethod": "CONNECT", "destinationPort": "443"]) { $1 })
  }

  @Test func `a slow name holds up nobody else`() throws {
    let explicit = try ExplicitScene(
      allowlist: Self.any, names: ["slow.example.com": "held:\(ProxyScene.web4)"])
    let slow = try explicit.start([
      "send:GET http://slow.example.com/ HTTP/1.0\\r\\n\\r\\n", "end",
    ])
    try explicit.nameServer.waitForLine("the question") { $0.hasPrefix("slow.example.com") }
    for number in 0..<3 {
      #expect(try explicit.curl("http://api.example.com/\(number)").status == 200)
    }
    #expect(try explicit.scene.curl("http://api.example.com/captured").status == 200)
    explicit.nameServer.signal(SIGUSR1)
    let seen = try ProxyScene.seen(slow.wait().checked().lines.last ?? "")
    #expect(seen.received.hasPrefix("HTTP/1.1 200 OK"), "\(seen)")
    // HTTP/1.0 came without a Host; the server was told.
    #expect(seen.received.hasSuffix("GET http slow.example.com /"), "\(seen)")
    let host = "api.example.com"
    try explicit.scene.expectRecords(
      allowed("http", host: host), allowed("http", host: host), allowed("http", host: host),
      allowed("http", host: host), allowed("http", host: "slow.example.com", status: 200))
  }

  @Test(arguments: [true, false])
  func `a client that leaves while its name is resolved leaves nothing behind`(
    tunnel: Bool
  ) throws {
    let explicit = try ExplicitScene(
      allowlist: Self.any, names: ["slow.example.com": "held:\(ProxyScene.web4)"])
    #expect(try explicit.curl("http://api.example.com/").status == 200)
    _ = try explicit.scene.sidecar.records(atLeast: 1)
    let before = try explicit.descriptors()
    let request = tunnel ? "CONNECT slow.example.com:80" : "GET http://slow.example.com/"
    let client = try explicit.start([
      "send:\(request) HTTP/1.1\\r\\nHost: slow.example.com\\r\\n\\r\\n", "signal", "reset",
    ])
    try explicit.nameServer.waitForLine("the question") { $0.hasPrefix("slow.example.com") }
    client.signal(SIGUSR1)
    _ = try client.wait()
    ProxyScene.expect(
      Array(try explicit.scene.sidecar.records(atLeast: 2).dropFirst()),
      [
        allowed("http", host: "slow.example.com", rule: "any", outcome: "client-gone").merging([
          "destinationPort": "80", "destinationAddress": "",
        ]) { $1 }
      ])
    explicit.nameServer.signal(SIGUSR1)
    // The late answer finds nobody, and is kept for the next.
    #expect(try explicit.curl("http://slow.example.com/").status == 200)
    _ = try explicit.scene.sidecar.records(atLeast: 3)
    let process = explicit.scene.sidecar.process
    try process.wait(for: "its descriptors to be closed", recheck: 0.005) { _ in
      (try? explicit.descriptors()).map { $0 <= before } == true ? () : nil
    }
  }

  @Test func `a drain waits for a request whose name is being resolved`() throws {
    let explicit = try ExplicitScene(
      allowlist: Self.any, names: ["slow.example.com": "held:\(ProxyScene.web4)"])
    let client = try explicit.start([
      "send:GET http://slow.example.com/ HTTP/1.1\\r\\nHost: slow.example.com\\r\\n\\r\\n", "end",
    ])
    try explicit.nameServer.waitForLine("the question") { $0.hasPrefix("slow.example.com") }
    let sidecar = explicit.scene.sidecar
    sidecar.process.signal(SIGTERM)
    try sidecar.process.wait(for: "the listener to close", recheck: 0.005) {
      Sockets.listening(inNamespaceOf: $0.pid).contains(15001) ? nil : ()
    }
    explicit.nameServer.signal(SIGUSR1)
    let seen = try ProxyScene.seen(client.wait().checked().lines.last ?? "")
    #expect(seen.received.hasPrefix("HTTP/1.1 200 OK"), "\(seen)")
    try explicit.scene.expectRecords(
      allowed("http", host: "slow.example.com", rule: "any", status: 200))
  }

  @Test func `what the hosts file alone knows is found, and names are asked for as they are`()
    throws
  {
    let explicit = try ExplicitScene(allowlist: Self.any, names: ["www.example.com": ""])
    #expect(try explicit.curl("http://www.example.com/").status == 200)
    #expect(explicit.questions == ["www.example.com"])
    try explicit.scene.expectRecords(allowed("http", host: "www.example.com", status: 200))
  }
}
