import Foundation
import TestNetwork
import Testing

/// What a workload without capabilities tries in order to get out. docs/capture.md lists the ways
/// with what stops each.
@Suite("A workload without capabilities doesn't get out", .enabled(if: Requirement.privileged))
struct EscapeTests {
  @Test("By the answer of its own server to an address that it bound and doesn't own")
  func freebind() throws {
    let pod = try CapturedPod()
    let server = try CapturedPod.servers(
      in: pod.pod, as: .unprivileged(1001), tcp: ["0.0.0.0 8080", ":: 8080"],
      udp: ["10.77.1.2 8080", "fd77:1::2 8080", "127.0.0.1 8080", "::1 8080"])
    for own in ["fd77:1::2", "::1"] {
      for kind in ["udp", "tcp", "tcp --protocol mptcp"] {
        let verb = kind.prefix(3)
        let rest = kind.dropFirst(3)
        _ = try pod.probe(
          "\(verb) \(own) 8080 --freebind --source \(CapturedPod.evil6) --source-port 4433"
            + " --timeout 0.2\(rest)")
        _ = try pod.probe(
          "\(verb) \(own) 8080 --freebind --source fe80::bad%eth0 --source-port 4433"
            + " --timeout 0.2\(rest)")
      }
    }
    for own in ["10.77.1.2", "127.0.0.1"] {
      _ = try pod.probe(
        "udp \(own) 8080 --freebind --source \(CapturedPod.evil4) --source-port 4433")
      _ = try pod.probe(
        "tcp \(own) 8080 --freebind --source \(CapturedPod.evil4) --source-port 4433"
          + " --timeout 0.2")
    }
    #expect(try pod.wire() == .nothing)
    withExtendedLifetime(server) {}
  }

  @Test("By a forged source towards a resolver")
  func forgedSource() throws {
    let pod = try CapturedPod()
    #expect(
      try pod.probe("udp fd77:2::53 53 --freebind --source fd77:2::66") == "error EPERM")
    for attempt in [
      "udp 10.77.2.53 53 --freebind --source 10.77.2.66",
      "udp fd77:2::53 53 --source-info fd77:2::66",
      "udp 10.77.2.53 53 --freebind --source-info 10.77.2.66",
    ] {
      #expect(try pod.probe(attempt).hasPrefix("error "), "\(attempt)")
    }
    #expect(try pod.wire() == .nothing)
  }

  @Test(
    "By the port of an unanswered connection of the proxy's, which conntrack remembers",
    arguments: ["", " --protocol mptcp", " --fast-open"])
  func tupleReuse(kind: String) throws {
    let pod = try CapturedPod()
    try pod.pod.shell("sysctl -qw net.ipv4.tcp_fastopen=1543").checked()
    try pod.router.shell(
      """
      nft add table inet silence
      nft add chain inet silence forward '{ type filter hook forward priority 0; }'
      nft add rule inet silence forward tcp dport 444 drop
      """
    ).checked()
    let server = try CapturedPod.servers(
      in: pod.network.world, tcp: ["10.77.2.66 444", "fd77:2::66 444"])
    for address in [CapturedPod.evil4, CapturedPod.evil6] {
      #expect(
        try pod.probe("tcp \(address) 444 --source-port 40000 --timeout 0.2", as: .proxy)
          == "silent")
    }
    let before = try pod.wire()
    #expect(before.evil > 0)
    try pod.router.shell("nft delete table inet silence").checked()
    for address in [CapturedPod.evil4, CapturedPod.evil6] {
      let answer = try pod.probe("tcp \(address) 444 --source-port 40000\(kind)")
      #expect(answer == "error ECONNREFUSED")
    }
    #expect(try pod.wire() == before)
    withExtendedLifetime(server) {}
  }

  @Test("By a program whose file belongs to the proxy's uid and is setuid")
  func setuid() throws {
    let pod = try CapturedPod()
    let proxy = try pod.startProxy()
    let copy = "\(Scratch.makeDirectory("setuid"))/python3"
    try RunningProcess([
      "sh", "-ec",
      "cp -L /usr/bin/python3 \(copy); chown 1337 \(copy); chmod 4755 \(copy)",
    ]).wait().checked()
    let finished = try pod.pod.run(
      [copy, Scratch.script("probe.py"), "tcp", "10.77.2.66", "443"], as: .workload
    ).checked()
    #expect(finished.lines.last == "connected: captured 10.77.1.2 to 10.77.2.66 443: hello")
    #expect(try pod.wire() == .nothing)
    withExtendedLifetime(proxy) {}
  }

  @Test("By the sidecar's inbound port on loopback and own addresses")
  func ownPorts() throws {
    let pod = try CapturedPod()
    let ports = [15000, 15006, 15021]
    let sidecar = try CapturedPod.servers(
      in: pod.pod, as: .proxy, tcp: ports.flatMap { ["0.0.0.0 \($0)", ":: \($0)"] })
    let addresses = ["127.0.0.1", "::1", "10.77.1.2", "fd77:1::2", "127.0.0.1 --mapped"]
    for address in addresses.map({ $0.split(separator: " ", maxSplits: 1) }) {
      let options = address.dropFirst().joined()
      for kind in ["", " --protocol mptcp"] {
        #expect(
          try pod.probe("tcp \(address[0]) 15006 \(options)\(kind)") == "error ECONNREFUSED")
      }
    }
    for user in [User.proxy, .workload] {
      for port in [15000, 15021] {
        #expect(
          try pod.probe("tcp 127.0.0.1 \(port)", as: user).hasPrefix("connected: direct "))
      }
    }
    #expect(try pod.probe("tcp 127.0.0.1 15006", as: .proxy).hasPrefix("connected: direct "))
    withExtendedLifetime(sidecar) {}
  }

  @Test(
    "By a socket bound to a device, whose redirected packets would leave there",
    arguments: ["eth0", "lo"])
  func boundToDevice(device: String) throws {
    let pod = try CapturedPod()
    let proxy = try pod.startProxy()
    for address in [CapturedPod.evil4, CapturedPod.evil6] {
      for kind in ["", " --protocol mptcp"] {
        let answer = try pod.probe("tcp \(address) 443 --device \(device) --timeout 0.2\(kind)")
        #expect(answer == "silent" || answer.hasPrefix("error "))
      }
    }
    #expect(try pod.wire() == .nothing)
    withExtendedLifetime(proxy) {}
  }

  @Test("By a raw ICMP error within an allowed flow, even with CAP_NET_RAW")
  func rawErrors() throws {
    let pod = try CapturedPod()
    let before = try pod.icmpErrors()
    let answer = try pod.probe("icmp-error \(CapturedPod.resolver4) 53", as: .rawSockets)
    #expect(answer == "error EPERM")
    #expect(try pod.wire() == .nothing)
    #expect(try pod.icmpErrors() == before)
  }

  @Test("By routing headers and source routes, which name the address that is really meant")
  func sourceRoutes() throws {
    let pod = try CapturedPod()
    // Through the resolver to evil. New kernels want CAP_NET_RAW for the IPv4 options: as root.
    for user in [User.workload, .root] {
      #expect(
        try pod.probe("udp fd77:2::53 53 --route-via fd77:2::66", as: user) == "error EPERM")
      // Loose and strict: 10.77.2.53 first, then the address that is sent to.
      for option in ["8307040a4d023500", "8907040a4d023500"] {
        let answer = try pod.probe("udp 10.77.2.66 53 --options \(option)", as: user)
        // Where the first hop isn't a neighbour, a strict one has no route.
        #expect(["error EPERM", "error ENETUNREACH"].contains(answer), "\(option)")
      }
    }
    #expect(try pod.wire() == .nothing)
    #expect(try pod.sourceRouted() == 0)
  }

  @Test("By a user namespace in which it has the proxy's uid")
  func userNamespace() throws {
    let pod = try CapturedPod()
    let proxy = try pod.startProxy()
    let finished = try pod.pod.run(
      [
        "unshare", "--user", "--map-user=1337", "/usr/bin/python3", Scratch.script("probe.py"),
        "tcp", "10.77.2.66", "443",
      ], as: .workload
    ).checked()
    #expect(finished.lines.last == "connected: captured 10.77.1.2 to 10.77.2.66 443: hello")
    #expect(try pod.wire() == .nothing)
    withExtendedLifetime(proxy) {}
  }

  @Test("By a port at which it was reached: answers go to whoever asked and to nobody else")
  func inboundPort() throws {
    let pod = try CapturedPod()
    let server = try CapturedPod.servers(
      in: pod.pod, as: .unprivileged(1001), udp: ["10.77.1.2 8080"])
    #expect(try pod.probe("udp 10.77.1.2 8080 --ask", in: pod.network.world) == "answer: 5 bytes")
    server.stop()
    #expect(try pod.probe("udp 10.77.2.66 443 --source-port 8080") == "error EPERM")
    #expect(try pod.wire() == .nothing)
  }

  @Test("By having the pod forward for it, or for anyone else")
  func forwarding() throws {
    let pod = try CapturedPod()
    try pod.pod.forward()
    // The world sends a packet for evil's address through the pod.
    try pod.router.ip("route", "add", "10.99.0.0/16", "via", "10.77.1.2")
    try pod.pod.ip("route", "add", "10.99.0.0/16", "via", "10.77.1.1")
    _ = try pod.probe("udp 10.99.0.1 443", as: .root, in: pod.router)
    #expect(try pod.wire() == .nothing)
  }
}
