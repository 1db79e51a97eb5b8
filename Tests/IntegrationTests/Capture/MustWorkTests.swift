import Foundation
import TestNetwork
import Testing

/// What a captured workload and its servers must not notice, with real packets.
@Suite("A captured pod still works", .enabled(if: Requirement.privileged))
struct MustWorkTests {
  @Test("Connections are captured, and where they were meant to go is known")
  func capturesConnections() throws {
    let pod = try CapturedPod()
    // Data in the first packet both ways, without the cookie that a first connection lacks.
    try pod.pod.shell("sysctl -qw net.ipv4.tcp_fastopen=1543").checked()
    let proxy = try pod.startProxy()
    let attempts: [(attempt: String, meant: String)] = [
      ("tcp 10.77.2.66 443", "10.77.2.66 443"),
      ("tcp fd77:2::66 443", "fd77:2::66 443"),
      ("tcp 10.77.2.66 443 --protocol mptcp", "10.77.2.66 443"),
      ("tcp fd77:2::66 443 --protocol mptcp", "fd77:2::66 443"),
      ("tcp 10.77.2.66 443 --fast-open", "10.77.2.66 443"),
      ("tcp fd77:2::66 443 --fast-open", "fd77:2::66 443"),
      ("tcp 10.77.2.66 443 --mapped", "10.77.2.66 443"),
      ("tcp fd77:2::66 443 --source ::1", "fd77:2::66 443"),
      // Record route: three empty slots.
      ("tcp 10.77.2.66 443 --options 070f0400000000000000000000000000", "10.77.2.66 443"),
      // Other ports of a resolver are no business of the resolver's.
      ("tcp 10.77.2.53 443", "10.77.2.53 443"),
      // An address that nothing answers for: the redirect comes before the network is asked.
      ("tcp 10.77.2.99 443", "10.77.2.99 443"),
      // Encodings of an IPv4 address are IPv6 addresses to the kernel.
      ("tcp 64:ff9b::10.77.2.66 443", "64:ff9b::a4d:242 443"),
      ("tcp ::10.77.2.66 443", "::10.77.2.66 443"),
      ("tcp 2002:a4d:242::1 443", "2002:a4d:242::1 443"),
    ]
    for (attempt, meant) in attempts {
      let answer = try pod.probe(attempt)
      #expect(answer.hasPrefix("connected: captured "), "\(attempt): \(answer)")
      #expect(answer.hasSuffix(" to \(meant): hello"), "\(attempt): \(answer)")
    }
    #expect(try pod.wire() == .nothing)
    withExtendedLifetime(proxy) {}
  }

  @Test("One source port to two destinations stays two connections")
  func sourcePortToTwoDestinations() throws {
    let pod = try CapturedPod()
    let proxy = try pod.startProxy()
    let first = try pod.startProbe("tcp 10.77.2.66 443 --source-port 40000 --keep")
    let firstLine = try first.waitForLine("connected") { $0.hasPrefix("connected") }
    let second = try pod.probe("tcp 10.77.2.66 444 --source-port 40000")
    #expect(firstLine == "connected: captured 10.77.1.2 to 10.77.2.66 443: hello")
    #expect(second == "connected: captured 10.77.1.2 to 10.77.2.66 444: hello")
    withExtendedLifetime(proxy) {}
  }

  @Test("The pod talks to itself as before")
  func loopback() throws {
    let pod = try CapturedPod()
    let server = try CapturedPod.servers(
      in: pod.pod, as: .unprivileged(1001), tcp: ["0.0.0.0 8080", ":: 8080"],
      udp: ["127.0.0.1 8080", "::1 8080", "10.77.1.2 8080", "fd77:1::2 8080"])
    for attempt in [
      "tcp 127.0.0.1 8080", "tcp ::1 8080", "tcp 10.77.1.2 8080", "tcp fd77:1::2 8080",
      "tcp 127.9.9.9 8080", "tcp 0.0.0.0 8080", "tcp 127.0.0.1 8080 --mapped",
      "tcp 127.0.0.1 8080 --protocol mptcp",
    ] {
      let answer = try pod.probe(attempt)
      #expect(answer.hasPrefix("connected: direct "), "\(attempt): \(answer)")
    }
    for attempt in [
      "udp 127.0.0.1 8080 --ask", "udp ::1 8080 --ask", "udp 10.77.1.2 8080 --ask",
      "udp fd77:1::2 8080 --ask",
    ] {
      let answer = try pod.probe(attempt)
      #expect(answer == "answer: 5 bytes", "\(attempt): \(answer)")
    }
    for address in ["127.0.0.1", "::1", "10.77.1.2", "fd77:1::2"] {
      #expect(try pod.probe("ping \(address)") == "answer")
    }
    withExtendedLifetime(server) {}
  }

  @Test("Link-local addresses: the pod's own work from inside and outside, others are refused")
  func linkLocal() throws {
    let pod = try CapturedPod()
    let server = try CapturedPod.servers(in: pod.pod, as: .unprivileged(1001), tcp: [":: 8080"])
    let proxy = try pod.startProxy()
    let own = try linkLocalAddress(of: "eth0", in: pod.pod)
    let nodes = try linkLocalAddress(of: "pod0", in: pod.router)
    #expect(try pod.probe("tcp \(own)%eth0 8080").hasPrefix("connected: direct "))
    #expect(
      try pod.probe("tcp \(own)%pod0 8080", as: .root, in: pod.router)
        .hasPrefix("connected: direct "))
    // Bound to its device by its address, such a connection can't be redirected to loopback.
    #expect(try pod.probe("tcp \(nodes)%eth0 443") == "error ECONNREFUSED")
    withExtendedLifetime((server, proxy)) {}
  }

  private func linkLocalAddress(of device: String, in place: NetworkNamespace) throws -> String {
    let words = try place.shell("ip -6 -o address show dev \(device) scope link").checked()
      .output.split(separator: " ")
    let index = try #require(words.firstIndex(of: "inet6"))
    return String(try #require(words[index + 1].split(separator: "/").first))
  }

  @Test("Resolvers may be asked directly, over UDP and TCP, in both families")
  func resolvers() throws {
    let pod = try CapturedPod()
    let attempts: [(attempt: String, expected: String)] = [
      ("udp 10.77.2.53 53 --ask", "answer: 5 bytes"),
      ("udp fd77:2::53 53 --ask", "answer: 5 bytes"),
      // Several fragments each way.
      ("udp 10.77.2.53 53 --ask --size 4096", "answer: 4096 bytes"),
      ("udp fd77:2::53 53 --ask --size 4096", "answer: 4096 bytes"),
      ("tcp 10.77.2.53 53", "connected: direct 10.77.1.2 to 10.77.2.53 53: hello"),
      ("tcp fd77:2::53 53", "connected: direct fd77:1::2 to fd77:2::53 53: hello"),
    ]
    for (attempt, expected) in attempts {
      #expect(try pod.probe(attempt) == expected)
      #expect(try pod.probe(attempt, as: .proxy) == expected)
    }
  }

  @Test("The proxy's own connections leave as they are, in both families")
  func proxyIsExempt() throws {
    let pod = try CapturedPod()
    #expect(
      try pod.probe("tcp 10.77.2.66 443", as: .proxy)
        == "connected: direct 10.77.1.2 to 10.77.2.66 443: hello")
    #expect(
      try pod.probe("tcp fd77:2::66 443", as: .proxy)
        == "connected: direct fd77:1::2 to fd77:2::66 443: hello")
  }

  @Test("Several proxy uids are all exempt and nobody else is")
  func severalProxyUIDs() throws {
    let pod = try CapturedPod(applied: false)
    try pod.apply(
      """
      workspaceId: ws-test
      capture: {proxyUID: [1337, 2000], resolvers: [10.77.2.53]}
      """)
    for uid in [1337, 2000] {
      #expect(
        try pod.probe("tcp 10.77.2.66 443", as: .unprivileged(uid))
          == "connected: direct 10.77.1.2 to 10.77.2.66 443: hello")
    }
    for uid in [1000, 1336, 65534] {
      #expect(
        try pod.probe("tcp 10.77.2.66 443", as: .unprivileged(uid)) == "error ECONNREFUSED")
    }
    #expect(try pod.probe("tcp 10.77.2.66 443", as: .root) == "error ECONNREFUSED")
  }

  @Test("With the proxy dead, connections are refused and nothing leaves")
  func proxyDead() throws {
    let pod = try CapturedPod()
    #expect(try pod.probe("tcp 10.77.2.66 443") == "error ECONNREFUSED")
    #expect(try pod.probe("tcp fd77:2::66 443") == "error ECONNREFUSED")
    let proxy = try pod.startProxy()
    #expect(try pod.probe("tcp 10.77.2.66 443").hasPrefix("connected"))
    proxy.stop()
    #expect(try pod.probe("tcp 10.77.2.66 443") == "error ECONNREFUSED")
    #expect(try pod.wire() == .nothing)
  }
}
