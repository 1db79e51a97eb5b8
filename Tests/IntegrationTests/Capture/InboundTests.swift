import Foundation
import TestNetwork
import Testing

/// Clients from outside: kubelet (the router), the world, and through a port of the node.
@Suite("Servers in a captured pod are reached", .enabled(if: Requirement.privileged))
struct InboundTests {
  private func pod() throws -> (CapturedPod, RunningProcess) {
    let pod = try CapturedPod()
    let server = try CapturedPod.servers(
      in: pod.pod, as: .unprivileged(1001), tcp: ["0.0.0.0 8080", ":: 8080"],
      udp: ["10.77.1.2 8080", "fd77:1::2 8080"])
    return (pod, server)
  }

  @Test("Over TCP and UDP, from the node and from the world")
  func reached() throws {
    let (pod, server) = try pod()
    for place in [pod.router, pod.network.world] {
      for attempt in [
        "tcp 10.77.1.2 8080", "tcp fd77:1::2 8080", "tcp 10.77.1.2 8080 --protocol mptcp",
      ] {
        let answer = try pod.probe(attempt, as: .root, in: place)
        #expect(answer.hasPrefix("connected: direct "), "\(attempt): \(answer)")
      }
      for (attempt, expected) in [
        ("udp 10.77.1.2 8080 --ask", "answer: 5 bytes"),
        ("udp fd77:1::2 8080 --ask", "answer: 5 bytes"),
        ("udp 10.77.1.2 8080 --ask --size 4096", "answer: 4096 bytes"),
        ("udp fd77:1::2 8080 --ask --size 4096", "answer: 4096 bytes"),
        ("ping 10.77.1.2", "answer"), ("ping fd77:1::2", "answer"),
      ] {
        #expect(try pod.probe(attempt, as: .root, in: place) == expected)
      }
    }
    withExtendedLifetime(server) {}
  }

  @Test("Through a port of the node, with its address in place of the client's")
  func hostPort() throws {
    let (pod, server) = try pod()
    let table = """
      table inet hostport {
        chain prerouting {
          type nat hook prerouting priority dstnat;
          ip daddr 10.77.2.254 tcp dport 31080 dnat ip to 10.77.1.2:8080
          ip daddr 10.77.2.254 udp dport 31080 dnat ip to 10.77.1.2:8080
          ip6 daddr fd77:2::fffe tcp dport 31080 dnat ip6 to [fd77:1::2]:8080
        }
        chain postrouting {
          type nat hook postrouting priority srcnat;
          oifname "pod0" masquerade
        }
      }
      """
    try pod.router.run(["nft", "-f", Scratch.file("hostport.nft", table)]).checked()
    let world = pod.network.world
    #expect(
      try pod.probe("tcp 10.77.2.254 31080", in: world)
        == "connected: direct 10.77.1.1 to 10.77.1.2 8080: hello")
    #expect(try pod.probe("udp 10.77.2.254 31080 --ask", in: world) == "answer: 5 bytes")
    #expect(
      try pod.probe("tcp fd77:2::fffe 31080", in: world)
        == "connected: direct fd77:1::1 to fd77:1::2 8080: hello")
    withExtendedLifetime(server) {}
  }

  @Test("A closed port says so at once")
  func closedPort() throws {
    let pod = try CapturedPod()
    for attempt in [
      "tcp 10.77.1.2 9", "tcp fd77:1::2 9",
      // Only a connected UDP socket is told of errors.
      "udp 10.77.1.2 9 --connected --ask", "udp fd77:1::2 9 --connected --ask",
    ] {
      #expect(try pod.probe(attempt, in: pod.network.world) == "error ECONNREFUSED")
    }
  }

  @Test(
    "3 MB pass a bottleneck of 1400 bytes in the middle of the way, in and out",
    arguments: ["10.77.1.2", "fd77:1::2"])
  func pathMTU(address: String) throws {
    let (pod, server) = try pod()
    try pod.narrow(to: 1400)
    let world = pod.network.world
    // The world uploads to the pod's server, and downloads from it.
    #expect(try pod.probe("push \(address) 8080 3000000", in: world) == "connected: 3000000 bytes")
    #expect(try pod.probe("pull \(address) 8080 3000000", in: world) == "connected: 3000000 bytes")
    // The proxy does the same to a server of the world.
    let evil = address.contains(":") ? CapturedPod.evil6 : CapturedPod.evil4
    #expect(
      try pod.probe("push \(evil) 443 3000000", as: .proxy) == "connected: 3000000 bytes")
    #expect(
      try pod.probe("pull \(evil) 443 3000000", as: .proxy) == "connected: 3000000 bytes")
    withExtendedLifetime(server) {}
  }

  @Test(
    "The sidecar's own ports can't be reached from outside, its health port can",
    arguments: ["10.77.1.2", "fd77:1::2"])
  func ownPorts(address: String) throws {
    let pod = try CapturedPod()
    let ports = [15000, 15001, 15053, 15021, 15006]
    let sidecar = try CapturedPod.servers(
      in: pod.pod, as: .proxy, tcp: ports.flatMap { ["0.0.0.0 \($0)", ":: \($0)"] },
      udp: ["10.77.1.2 15053", "fd77:1::2 15053"])
    let world = pod.network.world
    for port in [15000, 15001, 15053] {
      #expect(try pod.probe("tcp \(address) \(port) --timeout 0.2", in: world) == "silent")
    }
    #expect(
      try pod.probe("udp \(address) 15053 --ask --timeout 0.2", in: world) == "silent")
    for port in [15021, 15006] {
      #expect(try pod.probe("tcp \(address) \(port)", in: world).hasPrefix("connected: "))
    }
    withExtendedLifetime(sidecar) {}
  }
}
