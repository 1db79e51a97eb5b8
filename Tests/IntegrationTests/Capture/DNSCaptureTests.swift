import Foundation
import TestNetwork
import Testing

/// `dns: true`: the workload's questions go to the sidecar, whomever they are meant for.
@Suite("Captured questions", .enabled(if: Requirement.privileged))
struct DNSCaptureTests {
  private static let document = CapturedPod.document + "\n  dns: true"

  /// In the place of the sidecar, on its DNS and proxy ports. Over TCP it says whom the client meant.
  private static func standIn(in pod: CapturedPod) throws -> RunningProcess {
    let ports = ["127.0.0.1 15053", "::1 15053"]
    return try CapturedPod.servers(
      in: pod.pod, as: .proxy, tcp: ports + ["127.0.0.1 15001", "::1 15001"], udp: ports,
      original: true)
  }

  @Test(
    "Questions to anybody reach the sidecar, and the answer comes from the one that was asked",
    arguments: ["10.77.2.53", "10.77.2.66", "10.99.1.1", "fd77:2::53", "fd00::9"])
  func captured(server: String) throws {
    let pod = try CapturedPod(applied: false)
    try pod.apply(Self.document)
    let sidecar = try Self.standIn(in: pod)
    let own = server.contains(":") ? PodNetwork.podAddress6 : PodNetwork.podAddress4
    try Attempt.expect(
      [
        ("udp \(server) 53 --ask", "answer: 5 bytes"),
        // A connected socket hears only the address that it asked.
        ("udp \(server) 53 --ask --connected", "answer: 5 bytes"),
        ("udp \(server) 53 --ask --connected --size 60000", "answer: 60000 bytes"),
        ("tcp \(server) 53", "connected: captured \(own) to \(server) 53: hello"),
        ("udp \(server) 443", "error EPERM"),
      ], in: pod.pod)
    #expect(try sidecar.waitForLines(4).filter { $0.hasPrefix("udp") }.count == 3)
    #expect(!pod.world.lines.contains { $0.hasPrefix("udp \(own)") })
    #expect(try pod.wire() == .nothing)
  }

  @Test(
    "A port from which the sidecar has just asked is no way out for the workload",
    arguments: [CapturedPod.resolver4, CapturedPod.resolver6])
  func samePort(resolver: String) throws {
    let pod = try CapturedPod(applied: false)
    try pod.apply(Self.document)
    let sidecar = try Self.standIn(in: pod)
    for (port, verb) in [(40053, "udp"), (40054, "tcp")] {
      let question =
        "\(verb) \(resolver) 53 --source-port \(port)" + (verb == "udp" ? " --ask" : "")
      for _ in 0..<2 {
        let answer = try pod.probe(question, as: .proxy)
        #expect(answer.hasPrefix(verb == "udp" ? "answer" : "connected: direct"), "\(answer)")
        let captured = try pod.probe(question)
        #expect(
          captured.hasPrefix(verb == "udp" ? "answer" : "connected: captured"), "\(captured)")
      }
      func count(_ process: RunningProcess) -> Int {
        process.lines.count { $0.hasPrefix(verb) && $0.contains(" \(port) ") }
      }
      #expect(count(pod.world) == 2, "the sidecar's")
      #expect(count(sidecar) == 2, "the workload's")
    }
    // The sidecar asks nobody but the resolvers over UDP.
    #expect(
      try pod.probe("udp \(resolver) 53 --ask --size 4000", as: .proxy) == "answer: 4000 bytes")
    #expect(try pod.probe("udp \(CapturedPod.evil4) 443", as: .proxy) == "error EPERM")
    #expect(try pod.wire() == .nothing)
  }
}
