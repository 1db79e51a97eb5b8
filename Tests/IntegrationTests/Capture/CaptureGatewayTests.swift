import Foundation
import TestNetwork
import Testing

/// Gateway mode with portarium-init's own rules, the real sidecar and real packets.
@Suite("A captured gateway", .enabled(if: Requirement.privileged))
struct CaptureGatewayTests {
  @Test(
    "What is allowed goes out in the gateway's name, and nothing else does",
    arguments: CapturedGateway.methods)
  func outbound(method: String) throws {
    let gateway = try CapturedGateway(method).captured()
    let pod = gateway.network.pods[0]
    let before = try gateway.foreignPackets()
    try Attempt.expect(
      [
        (
          "tcp 10.77.2.80 443",
          "connected: direct \(GatewayNetwork.outside4) to 10.77.2.80 443: hello"
        ),
        (
          "tcp fd77:2::80 443",
          "connected: direct \(GatewayNetwork.outside6) to fd77:2::80 443: hello"
        ),
        ("tcp 10.77.2.66 443", "error ECONNRESET"),
        ("tcp fd77:2::66 443", "error ECONNRESET"),
        ("tcp 10.77.2.66 53", "error ECONNRESET"),
        // "Administratively prohibited", as the kernel tells it to a socket.
        ("udp 10.77.2.66 443 --connected --ask", "error EHOSTUNREACH"),
        ("udp fd77:2::66 443 --connected --ask", "error EACCES"),
        ("udp 10.77.2.66 53 --connected --ask", "error EHOSTUNREACH"),
        ("udp 10.77.2.53 443 --connected --ask", "error EHOSTUNREACH"),
        ("ping 10.77.2.66 --timeout 0.3", "silent"),
        ("ping fd77:2::66 --timeout 0.3", "silent"),
        // Another pod is as far away as the world.
        ("tcp 10.78.2.2 9000", "error ECONNRESET"),
        ("tcp fd78:2::2 9000", "error ECONNRESET"),
        ("udp 10.78.2.2 9000 --connected --ask", "error EHOSTUNREACH"),
      ], in: pod)
    // IPv6 lets anyone bind any address.
    try Attempt.expect(
      [
        ("tcp fd77:2::80 443 --source fd99::9 --freebind --timeout 0.3", "silent"),
        ("udp fd77:2::66 443 --source fd99::9 --freebind", "sent"),
        ("udp fd77:2::53 53 --source fd99::9 --freebind", "sent"),
        ("tcp fd77:2::53 53 --source fd99::9 --freebind --timeout 0.3", "silent"),
      ], in: pod)
    // A source route to the evil one, by way of the gateway, whose kernel would follow it.
    try gateway.network.gateway.shell(
      "sysctl -qw net.ipv4.conf.all.accept_source_route=1 net.ipv4.conf.pod0.accept_source_route=1"
    ).checked()
    _ = try Attempt.run(
      "udp \(GatewayNetwork.inside4(0)) 53 --options 8307040a4d024200", in: pod, as: .root)
    #expect(try gateway.foreignPackets() == before)

    let (records, _) = try #require(gateway.sidecar).drain()
    let seen = Set(
      records.map {
        "\($0[text: "sourceAddress"]) \($0.address):\($0.port ?? 0) \($0.decision)"
      })
    #expect(
      seen == [
        "10.78.1.2 10.77.2.80:443 allow", "fd78:1::2 fd77:2::80:443 allow",
        "10.78.1.2 10.77.2.66:443 deny", "fd78:1::2 fd77:2::66:443 deny",
        "10.78.1.2 10.77.2.66:53 deny", "10.78.1.2 10.78.2.2:9000 deny",
        "fd78:1::2 fd78:2::2:9000 deny",
      ])
  }

  @Test(
    "A forged source gets nothing: no answer, no refusal, no error that quotes the packet",
    arguments: CapturedGateway.methods)
  func forgedSource(method: String) throws {
    let gateway = try CapturedGateway(method).captured()
    for rest in [
      "udp \(GatewayNetwork.inside6(0)) 7777", "udp fd77:2::80 7777 --hops 1",
      "udp 2001:db8::1 7777", "tcp \(GatewayNetwork.inside6(0)) 15021 --timeout 0.2",
      "tcp \(GatewayNetwork.inside6(0)) 7777 --timeout 0.2", "tcp fd77:2::80 443 --timeout 0.2",
    ] {
      let forged = "\(rest) --freebind --source fd77:2::66 --source-port 4433"
      _ = try Attempt.run(forged, in: gateway.network.pods[0])
    }
    #expect(try gateway.foreignPackets() == 0)
  }

  @Test("The resolvers can be asked, over UDP and TCP", arguments: CapturedGateway.methods)
  func resolvers(method: String) throws {
    let gateway = try CapturedGateway(method).captured()
    try Attempt.expect(
      [
        ("udp 10.77.2.53 53 --ask", "answer: 5 bytes"),
        ("udp 10.77.2.53 53 --ask --size 4000", "answer: 4000 bytes"),
        ("udp fd77:2::53 53 --ask --size 4000", "answer: 4000 bytes"),
        ("tcp 10.77.2.53 53", "connected: direct 10.78.1.2 to 10.77.2.53 53: hello"),
        ("tcp fd77:2::53 53", "connected: direct fd78:1::2 to fd77:2::53 53: hello"),
      ], in: gateway.network.pods[0])
  }

  @Test(
    "A resolver or an excluded server may itself be behind the gateway",
    arguments: CapturedGateway.methods)
  func neighbours(method: String) throws {
    let pod = [GatewayNetwork.podAddress4(1), GatewayNetwork.podAddress6(1)]
    let gateway = try CapturedGateway(
      method, resolvers: pod, rest: ", outbound: {excludePorts: [9000]}"
    ).captured()
    let pods = gateway.network.pods
    for address in pod {
      let own = address.contains(":") ? "fd78:1::2" : "10.78.1.2"
      try Attempt.expect(
        [
          ("udp \(address) 53 --ask", "answer: 5 bytes"),
          ("tcp \(address) 53", "connected: direct \(own) to \(address) 53: hello"),
          ("udp \(address) 9000 --ask", "answer: 5 bytes"),
          ("tcp \(address) 9000", "connected: direct \(own) to \(address) 9000: hello"),
        ], in: pods[0])
    }
    // The port that was asked begins nothing of its own.
    try Attempt.expect(
      [
        ("udp 10.78.1.2 53 --source-port 5300 --connected --ask", "error EHOSTUNREACH"),
        ("udp fd78:1::2 53 --source-port 5300 --connected --ask", "error EACCES"),
      ], in: pods[1])
  }

  @Test(
    "The gateway itself and the servers behind it are as before",
    arguments: CapturedGateway.methods)
  func untouched(method: String) throws {
    let gateway = try CapturedGateway(method).captured()
    let network = gateway.network
    try Attempt.expect(
      [
        (
          "tcp 10.77.2.66 443",
          "connected: direct \(GatewayNetwork.outside4) to 10.77.2.66 443: hello"
        ),
        ("udp fd77:2::66 443 --ask", "answer: 5 bytes"),
        ("tcp 10.78.2.2 9000", "connected: direct 10.78.2.1 to 10.78.2.2 9000: hello"),
      ], in: network.gateway)
    try Attempt.expect(
      [
        ("tcp 10.78.2.2 9000", "connected: direct 10.77.2.1 to 10.78.2.2 9000: hello"),
        (
          "tcp fd78:2::2 9000 --source fd77:2::1",
          "connected: direct fd77:2::1 to fd78:2::2 9000: hello"
        ),
        ("udp 10.78.2.2 9000 --ask", "answer: 5 bytes"),
        ("udp fd78:2::2 9000 --ask", "answer: 5 bytes"),
        // What the pod's kernel says about a port that is closed.
        ("tcp 10.78.2.2 9001", "error ECONNREFUSED"),
        ("udp 10.78.2.2 9001 --connected --ask", "error ECONNREFUSED"),
        ("udp fd78:2::2 9001 --connected --ask", "error ECONNREFUSED"),
        ("ping 10.78.2.2", "answer"), ("ping fd78:2::2", "answer"),
        ("tcp \(GatewayNetwork.outside4) 15001 --timeout 0.3", "silent"),
      ], in: network.world)
    for port in [15000, 15001, 15053] {
      try Attempt.expect(
        [
          ("tcp \(GatewayNetwork.inside4(0)) \(port) --timeout 0.3", "silent"),
          ("tcp \(GatewayNetwork.inside6(0)) \(port) --timeout 0.3", "silent"),
          ("tcp \(GatewayNetwork.outside4) \(port) --timeout 0.3", "silent"),
        ], in: network.pods[0])
    }
    // Narrower than both ends know: the gateway must be able to say so.
    try network.gateway.shell(
      """
      ip route change 10.77.2.0/24 dev world0 mtu lock 1400
      ip -6 route replace fd77:2::/64 dev world0 metric 256 mtu lock 1400
      """
    ).checked()
    for address in ["10.78.2.2", "fd78:2::2"] {
      #expect(
        try Attempt.run("pull \(address) 9000 1000000", in: network.world)
          == "connected: 1000000 bytes")
    }
  }

  @Test(
    "Older connections are cut; without a sidecar nothing goes out; remove leaves nothing",
    arguments: CapturedGateway.methods)
  func life(method: String) throws {
    let gateway = try CapturedGateway(method)
    let (network, pod) = (gateway.network, gateway.network.pods[0])
    let older = try ["10.77.2.80", "fd77:2::80"].map {
      try Attempt.start("hold \($0) 443", in: pod)
    }
    for connection in older { _ = try connection.waitForLines(1) }
    _ = try gateway.captured()
    for connection in older {
      connection.signal(SIGUSR1)
      #expect(try connection.wait().lines.last == "error ECONNRESET")
    }
    gateway.sidecar?.process.stop()
    let before = try gateway.foreignPackets()
    let unanswered = method == "redirect" ? "error ECONNREFUSED" : "silent"
    for address in ["10.77.2.80", "fd77:2::80"] {
      #expect(try Attempt.run("tcp \(address) 443 --timeout 0.5", in: pod) == unanswered)
    }
    #expect(try gateway.foreignPackets() == before)
    try InitContainer.run("remove", in: network.gateway, document: gateway.document).checked()
    let left = try network.gateway.shell(
      """
      nft list ruleset; ip rule list table 1337; ip -6 rule list table 1337
      ip route show table all | grep 1337 || true; ip -6 route show table all | grep 1337 || true
      """
    ).checked().output
    #expect(left == "")
    #expect(
      try Attempt.run("tcp 10.77.2.66 443", in: pod)
        == "connected: direct 10.78.1.2 to 10.77.2.66 443: hello")
  }

  @Test("Applied again and again, no transfer breaks", arguments: CapturedGateway.methods)
  func again(method: String) throws {
    let gateway = try CapturedGateway(method).captured()
    let transfers = try zip(gateway.network.pods, ["10.77.2.80", "fd77:2::80"]).map {
      try Attempt.start("pull \($1) 443 150000000", in: $0)
    }
    var count = 0
    while transfers.contains(where: \.isRunning), count < 200 {
      try gateway.apply()
      count += 1
    }
    for transfer in transfers {
      #expect(try transfer.wait().lines.last == "connected: 150000000 bytes")
    }
    #expect(count > 1)
  }

  @Test(
    "tproxy needs no addresses, knows interfaces by their first letters, and passes rp_filter",
    arguments: [1, 2])
  func tproxyAnywhere(reversePathFilter: Int) throws {
    let gateway = try CapturedGateway(
      "tproxy", interfaces: "\"pod*\"", hasInsideAddresses: false)
    for device in ["all", "pod0", "pod1", "world0"] {
      try gateway.network.gateway.shell(
        "sysctl -qw net.ipv4.conf.\(device).rp_filter=\(reversePathFilter)"
      ).checked()
    }
    _ = try gateway.captured()
    for pod in gateway.network.pods {
      for address in ["10.77.2.80", "fd77:2::80"] {
        let own = address.contains(":") ? GatewayNetwork.outside6 : GatewayNetwork.outside4
        #expect(
          try Attempt.run("tcp \(address) 443", in: pod)
            == "connected: direct \(own) to \(address) 443: hello")
      }
    }
  }
}
