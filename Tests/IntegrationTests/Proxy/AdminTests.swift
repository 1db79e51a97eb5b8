import Foundation
import TestNetwork
import Testing

/// The admin and health ports, reached as kubelet, the operator and the workload would.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct AdminTests {
  static let rules = "{hostPattern: 10.77.2.70}"

  private func get(
    _ url: String, from namespace: NetworkNamespace, as user: User
  ) throws -> (status: Int, body: String, exit: Int32) {
    let finished = try namespace.run(
      ["curl", "-sS", "--max-time", "2", "-w", "\n%{http_code}", url], as: user)
    let lines = finished.output.split(separator: "\n")
    return (lines.last.flatMap { Int($0) } ?? 0, lines.dropLast().joined(), finished.status)
  }

  @Test(arguments: [PodNetwork.podAddress4, "[\(PodNetwork.podAddress6)]"])
  func `kubelet reaches health and readiness, and nothing else`(address: String) throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    for (path, status) in [("healthz", 200), ("readyz", 200), ("metrics", 200), ("status", 404)] {
      let answer = try get(
        "http://\(address):15021/\(path)", from: scene.network.world, as: .workload)
      #expect(answer.status == status, "\(path): \(answer)")
    }
    for port in [15000, 15001] {
      let answer = try get("http://\(address):\(port)/", from: scene.network.world, as: .workload)
      #expect(answer.exit != 0, "\(port): \(answer)")
    }
    try scene.expectRecords()
  }

  @Test func `while it drains it is healthy and not ready`() throws {
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
    let ready = try get(
      "http://127.0.0.1:15021/readyz", from: scene.network.pod, as: .workload)
    #expect(ready.status == 503)
    #expect(ready.body.contains("draining"))
    let health = try get(
      "http://127.0.0.1:15021/healthz", from: scene.network.pod, as: .workload)
    #expect(health.status == 200)
    server.signal(SIGUSR1)
    #expect(try client.wait().output == "late")
    try scene.expectRecords(allowed("http", status: 200))
  }

  @Test func `a pod whose only IPv6 address is the loopback one is served on all of them`() throws {
    let pod = try NetworkNamespace("pod")
    try pod.addAddress("192.0.2.1/32")
    let sidecar = try Sidecar(in: pod, document: "workspaceId: ws-test")
    for server in ["127.0.0.1:15000", "[::1]:15000", "192.0.2.1:15021"] {
      let answer = try get("http://\(server)/healthz", from: pod, as: .workload)
      #expect(answer.status == 200, "\(server): \(answer)")
    }
    #expect(try sidecar.drain().status == 0)
  }
}
