import Foundation
import TestNetwork
import Testing

/// The test network itself, without the product: what the other suites take for granted.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct NetworkTests {
  @Test(arguments: [false, true])
  func `a workload reaches a server in the world on both families and by name`(router: Bool) throws
  {
    let network = try PodNetwork(hasRouter: router)
    try network.serve("10.77.2.80", "fd77:2::80")
    try network.pod.names(["web.example.com": ["10.77.2.80", "fd77:2::80"]])
    let server = try WebServer(in: network.world, names: ["web.example.com"])
    for url in [
      "http://10.77.2.80/a", "http://[fd77:2::80]/a", "http://web.example.com/a",
      "https://web.example.com/a",
    ] {
      let client = try network.pod.run(
        ["curl", "-sS", "--max-time", "5", "--cacert", CertificateAuthority.certificatePath, url],
        as: .workload)
      #expect(client.succeeded, "\(client.errors)")
      #expect(client.output.hasPrefix("GET http"))
    }
    #expect(try server.requests(atLeast: 4).count == 4)
  }

  @Test func `a workload has its uid, no capabilities and no way to gain any`() throws {
    let network = try PodNetwork()
    let status = try network.pod.run(["cat", "/proc/self/status"], as: .workload)
    for line in [
      "Uid:\t1000\t1000\t1000\t1000", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000",
      "NoNewPrivs:\t1",
    ] {
      #expect(status.lines.contains(line))
    }
    let initContainer = try network.pod.run(["cat", "/proc/self/status"], as: .initContainer)
    #expect(initContainer.lines.contains("CapEff:\t0000000000001000"))
  }

  @Test func `a namespace goes with its owner and takes its processes along`() throws {
    var namespace: NetworkNamespace? = try NetworkNamespace("short")
    let name = try #require(namespace?.name)
    let process = try #require(try namespace?.start(["tail", "-f", "/dev/null"]))
    namespace = nil
    #expect(!FileManager.default.fileExists(atPath: "/run/netns/\(name)"))
    #expect(!FileManager.default.fileExists(atPath: "/etc/netns/\(name)"))
    process.stop()
    #expect(!process.isRunning)
  }
}
