import Foundation
import TestNetwork
import Testing

/// `portarium-sidecar wait`, which a container's postStart hook runs.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct WaitTests {
  static func wait(seconds: Double) throws -> [String] {
    let path = Scratch.file("config.yaml", LifeTests.document)
    return [try Binary.sidecar.path, "wait", "--config", path, "--seconds", "\(seconds)"]
  }

  @Test func `it ends with 0 once the sidecar serves, and not before`() throws {
    let network = try PodNetwork()
    let waiting = try network.pod.start(try Self.wait(seconds: 20), as: .proxy)
    let sidecar = try Sidecar(in: network.pod, document: LifeTests.document)
    let finished = try waiting.wait()
    #expect(finished.status == 0, "\(finished.errors)")
    #expect(finished.output.isEmpty)
    #expect(try network.pod.run(try Self.wait(seconds: 20), as: .workload).status == 0)
    #expect(try sidecar.drain().status == 0)
  }

  @Test func `without a sidecar it gives up with 1 and says so`() throws {
    let network = try PodNetwork()
    for seconds in [0, 0.1] {
      let finished = try network.pod.run(try Self.wait(seconds: seconds), as: .proxy)
      #expect(finished.status == 1)
      #expect(finished.errors.contains("nobody answers at 127.0.0.1:15000"), "\(finished.errors)")
    }
  }

  @Test func `a sidecar that drains is not ready`() throws {
    let scene = try ProxyScene(allowlist: LifeTests.rules)
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
    // It is never ready any more, so that all of this passes; long enough for an answer on a busy machine.
    let finished = try scene.network.pod.run(
      try Self.wait(seconds: 3 * Sanitizer.patience), as: .proxy)
    #expect(finished.status == 1)
    #expect(finished.errors.contains("isn't ready"), "\(finished.errors)")
    server.signal(SIGUSR1)
    #expect(try client.wait().output == "late")
    #expect(try scene.sidecar.drain().status == 0)
  }

  @Test(arguments: ["-1", "3601", "nan", "soon"])
  func `a wait of no sensible length is a wrong argument`(seconds: String) throws {
    let finished = try RunningProcess([try Binary.sidecar.path, "wait", "--seconds", seconds])
      .wait()
    #expect(finished.status == 2)
  }
}
