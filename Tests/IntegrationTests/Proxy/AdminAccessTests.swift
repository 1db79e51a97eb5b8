import Foundation
import TestNetwork
import Testing

/// The admin port as each uid of the pod meets it, and as the workload may attack it.
@Suite("The admin port", .serialized, .enabled(if: Requirement.privileged))
struct AdminAccessTests {
  private static let addresses = ["127.0.0.1", "[::1]"]
  private static let rules = "{hostPattern: 10.77.2.70}"

  /// The status, and the body; 0 where there was no answer.
  private func ask(
    _ path: String, _ options: String..., in namespace: NetworkNamespace, as user: User,
    address: String = "127.0.0.1", port: Int = 15000
  ) throws -> (status: Int, body: String) {
    let finished = try namespace.run(
      ["curl", "-sS", "--max-time", "5", "-w", "\n%{http_code}"] + options
        + ["http://\(address):\(port)\(path)"], as: user)
    let lines = finished.output.split(separator: "\n")
    return (lines.last.flatMap { Int($0) } ?? 0, lines.dropLast().joined(separator: "\n"))
  }

  @Test("Answers root, its own uid and those that the document names", arguments: addresses)
  func privileged(address: String) throws {
    let scene = try ProxyScene(allowlist: Self.rules, top: "admin: {allowUIDs: 1001}")
    for user in [User.root, .proxy, .unprivileged(1001)] {
      for path in ["/healthz", "/readyz", "/status", "/denials", "/metrics", "/config"] {
        let answer = try ask(path, in: scene.network.pod, as: user, address: address)
        #expect(answer.status == 200, "\(path): \(answer)")
      }
      let level = try ask(
        "/loglevel", "-X", "PUT", "-d", "debug", in: scene.network.pod, as: user, address: address)
      #expect(level.status == 200, "\(level)")
    }
    let config = try ProxyScene.fields(
      ask("/config", in: scene.network.pod, as: .proxy, address: address).body)
    #expect(config["workspaceId"] == "ws-test")
    #expect(config["adminPort"] == "15000")
    try scene.expectRecords()
  }

  @Test("Tells any uid how it is, and neither shows nor does more", arguments: addresses)
  func others(address: String) throws {
    let scene = try ProxyScene(allowlist: Self.rules, top: "admin: {allowUIDs: 1001}")
    for user in [User.workload, .unprivileged(1002)] {
      for path in ["/healthz", "/readyz", "/status", "/denials"] {
        let answer = try ask(path, in: scene.network.pod, as: user, address: address)
        #expect(answer.status == 200, "\(path): \(answer)")
      }
      for (path, options) in [
        ("/metrics", "GET"), ("/config", "GET"), ("/drain", "POST"),
        ("/loglevel?level=trace", "PUT"),
      ] {
        let answer = try ask(
          path, "-X", options, in: scene.network.pod, as: user, address: address)
        #expect(answer.status == 403)
        #expect(answer.body.contains("admin.allowUIDs"))
      }
    }
    let status = try ProxyScene.fields(
      ask("/status", in: scene.network.pod, as: .workload, address: address).body)
    #expect(status["state"] == "ready")
    try scene.expectRecords()
  }

  @Test("Shows what was denied to whom it was denied")
  func denials() throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    #expect(try scene.curl("http://example.com/secret?token=x").status == 403)
    #expect(try scene.curl("http://other.example.net/").status == 403)
    let body = try ask("/denials?host=example.com", in: scene.network.pod, as: .workload).body
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
    let denials = try #require(object["denials"] as? [[String: Any]])
    #expect(denials.count == 1)
    #expect(denials.first?["policyReason"] as? String == "host-not-allowed")
    #expect(!body.contains("secret") && !body.contains("token"))
    let (records, _) = try scene.sidecar.drain()
    #expect(denials.first?["auditId"] as? String == records.first?[text: "auditId"])
    #expect(
      denials.first?["sourcePort"] as? Int == records.first?[number: "sourcePort"].map(Int.init))
  }

  @Test("Drains when root asks for it, as at SIGTERM")
  func drain() throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let foreign = try ask(
      "/drain", "-X", "POST", "-H", "host: attacker.example", in: scene.network.pod, as: .root)
    #expect(foreign.status == 403)
    let answer = try ask("/drain", "-X", "POST", in: scene.network.pod, as: .root)
    #expect(answer.status == 202)
    #expect(try scene.sidecar.process.wait(timeout: 20).status == 0)
  }

  @Test(
    "Takes nobody for root who has closed his connection: the kernel would", .timeLimit(.minutes(2))
  )
  func orphans() throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let attack = """
      import socket, struct
      for turn in range(300):
          client = socket.create_connection(("127.0.0.1", 15000))
          if turn % 3 == 1:
              client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
          client.send(b"POST /drain HTTP/1.1\\r\\nhost: 127.0.0.1:15000\\r\\n\\r\\n")
          if turn % 3 == 2:
              client.shutdown(socket.SHUT_WR)
          client.close()
      """
    try scene.network.pod.run(["/usr/bin/python3", "-c", attack], as: .workload).checked()
    let status = try ask("/status", in: scene.network.pod, as: .workload).body
    #expect(try ProxyScene.fields(status)["state"] == "ready")
    try scene.expectRecords()
  }

  @Test("Answers nobody whose connection was redirected to it, whoever made it")
  func redirected() throws {
    let astray = """
      nft 'add table ip astray'
      nft 'add chain ip astray out { type nat hook output priority -150; }'
      nft 'add rule ip astray out ip daddr \(ProxyScene.raw4) tcp dport 80 redirect to :15000'
      """
    let scene = try BareScene()
    try scene.pod.shell(astray).checked()
    for user in [User.root, .proxy, .workload] {
      let answer = try ask(
        "/healthz", in: scene.pod, as: user, address: ProxyScene.raw4, port: 80)
      #expect(answer.status == 403, "\(answer)")
    }
    #expect(try ask("/status", in: scene.pod, as: .root).status == 200)
    // Under the ruleset such a connection isn't even made.
    let captured = try ProxyScene(allowlist: Self.rules)
    try captured.network.pod.shell(astray).checked()
    for user in [User.root, .workload] {
      let answer = try ask(
        "/healthz", in: captured.network.pod, as: user, address: ProxyScene.raw4, port: 80)
      #expect(answer.status == 0, "\(answer)")
    }
    try captured.expectRecords()
  }

  @Test("Answers nobody from outside, also where a node leads him to the pod's loopback")
  func fromOutside() throws {
    let lead = """
      sysctl -qw net.ipv4.conf.all.route_localnet=1
      nft 'add table ip astray'
      nft 'add chain ip astray in { type nat hook prerouting priority -150; }'
      nft 'add rule ip astray in tcp dport 7000 dnat to 127.0.0.1:15000'
      """
    let bare = try BareScene()
    try bare.pod.shell(lead).checked()
    let answer = try ask(
      "/healthz", in: bare.network.world, as: .root, address: PodNetwork.podAddress4, port: 7000)
    #expect(answer.status == 403, "\(answer)")

    let captured = try ProxyScene(allowlist: Self.rules)
    try captured.network.pod.shell(lead).checked()
    for port in [7000, 15000] {
      let answer = try ask(
        "/healthz", in: captured.network.world, as: .root, address: PodNetwork.podAddress4,
        port: port)
      #expect(answer.status == 0, "\(answer)")
    }
    try captured.expectRecords()
  }
}

/// A pod whose traffic nobody captures, with a sidecar in it.
private final class BareScene {
  let network: PodNetwork
  let sidecar: Sidecar
  var pod: NetworkNamespace { network.pod }

  init() throws {
    network = try PodNetwork()
    sidecar = try Sidecar(
      in: network.pod,
      document: "workspaceId: ws-test\negress: {allowlist: [{hostPattern: 10.77.2.70}]}\n")
  }
}
