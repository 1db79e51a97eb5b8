import Foundation
import TestNetwork
import Testing

/// The sidecar where it carries the connections of others.
@Suite("The sidecar on a gateway", .serialized, .enabled(if: Requirement.privileged))
struct GatewayTests {
  static let everything = #"{hostPattern: "*"}, {hostPattern: 0.0.0.0/0}, {hostPattern: "::/0"}"#
  /// Everything, decided before a byte is seen.
  static let unseen =
    (["0.0.0.0/0", "::/0"].flatMap { block in
      [7000, 15000, 15001].map { #"{hostPattern: "\#(block)", port: \#($0)}"# }
    }).joined(separator: ", ")

  @Test(
    "Clients of two pods reach what their policy allows, and nothing else",
    arguments: GatewayScene.Method.allCases, ["-4", "-6"])
  func carried(method: GatewayScene.Method, family: String) throws {
    let scene = try GatewayScene(method, allowlist: "{hostPattern: api.example.com}")
    for pod in 0...1 {
      #expect(try scene.curl(from: pod, family, "http://api.example.com/a").status == 200)
      #expect(try scene.curl(from: pod, family, "https://api.example.com/a").status == 200)
      let address = family == "-4" ? GatewayScene.web4 : "[\(GatewayScene.web6)]"
      #expect(try scene.curl(from: pod, "http://\(address)/b").status == 403)
    }
    let (records, _) = try scene.sidecar.drain()
    for pod in 0...1 {
      let client =
        family == "-4" ? GatewayNetwork.podAddress4(pod) : GatewayNetwork.podAddress6(pod)
      let own = records.filter { $0[text: "sourceAddress"] == client }
      let seen = own.map { "\($0.decision) \($0.flowProtocol) \($0.port ?? 0)" }
      #expect(seen.sorted() == ["allow http 80", "allow tls 443", "deny http 80"])
      let server = family == "-4" ? GatewayScene.web4 : GatewayScene.web6
      #expect(own.allSatisfy { $0.address == server })
    }
    #expect(records.count == 6)
    #expect(try scene.web.requests(atLeast: 4).count == 4)
  }

  @Test(
    "A connection to the proxy's own port is refused and written down, wherever it comes from",
    arguments: GatewayScene.Method.allCases)
  func direct(method: GatewayScene.Method) throws {
    let scene = try GatewayScene(
      method, allowlist: Self.unseen, rules: .foreign(sparesOwn: true))
    let network = scene.network
    var addresses: [String] = []
    for (place, targets) in [
      (
        network.pods[0],
        [
          GatewayNetwork.inside4(0), GatewayNetwork.inside6(0), GatewayNetwork.inside4(1),
          GatewayNetwork.outside4, GatewayNetwork.outside6,
        ]
      ),
      (network.world, [GatewayNetwork.outside4, GatewayNetwork.outside6]),
      (network.gateway, ["127.0.0.1", "::1", GatewayNetwork.outside4, GatewayNetwork.outside6]),
    ] {
      for target in targets {
        #expect(
          try scene.connect(in: place, target, 15001, "send:hello\\r\\n", "end").ended == "reset",
          "\(target)")
        addresses.append(target)
      }
    }
    try scene.expectRecords(
      addresses.map {
        denied(nil, "loop-detected").merging(["destinationAddress": $0]) { $1 }
      })
  }

  @Test(
    "Captured on their way to the gateway's own ports, connections don't come round again",
    arguments: GatewayScene.Method.allCases)
  func ownPorts(method: GatewayScene.Method) throws {
    let scene = try GatewayScene(
      method, allowlist: Self.unseen, rules: .foreign(sparesOwn: false))
    var expected: [[String: String]] = []
    for port in [15001, 15000] {
      for target in [
        GatewayNetwork.inside4(0), GatewayNetwork.inside6(0), GatewayNetwork.outside4,
        GatewayNetwork.outside6,
      ] {
        let client = try scene.connect(
          in: scene.network.pods[0], target, port, "send:hello\\r\\n", "end")
        #expect(client.ended == "reset", "\(target):\(port)")
        expected.append(
          denied(nil, "loop-detected").merging([
            "destinationAddress": target, "destinationPort": "\(port)",
          ]) { $1 })
      }
    }
    try scene.expectRecords(expected)
  }

  @Test(
    "A server in the world on the proxy's port is like any other",
    arguments: GatewayScene.Method.allCases, [GatewayScene.raw4, GatewayScene.raw6])
  func samePort(method: GatewayScene.Method, address: String) throws {
    let scene = try GatewayScene(method, allowlist: Self.unseen)
    let server = try scene.listen(
      address, 15001, "send:220 hello\\r\\n", "until:QUIT", "send:221 bye\\r\\n")
    let client = try scene.connect(
      in: scene.network.pods[1], address, 15001, "until:hello\\r\\n", "send:QUIT\\r\\n", "end")
    #expect(client.received == "220 hello\r\n221 bye\r\n")
    #expect(try ProxyScene.seen(server.waitForLines(2)[1]).received == "QUIT\r\n")
    try scene.expectRecords([
      allowed("tcp").merging(["destinationAddress": address, "destinationPort": "15001"]) { $1 }
    ])
  }

  @Test("tproxy needs no address on the interface", arguments: ["-4", "-6"])
  func withoutAddresses(family: String) throws {
    let scene = try GatewayScene(
      .tproxy, allowlist: "{hostPattern: api.example.com}", hasInsideAddresses: false)
    for pod in 0...1 {
      #expect(try scene.curl(from: pod, family, "http://api.example.com/a").status == 200)
    }
    try scene.expectRecords([allowed("http", status: 200), allowed("http", status: 200)])
  }

  @Test("The admin port stays on loopback", arguments: GatewayScene.Method.allCases)
  func admin(method: GatewayScene.Method) throws {
    let scene = try GatewayScene(method, allowlist: Self.everything)
    for address in [GatewayNetwork.inside4(0), "[\(GatewayNetwork.inside6(0))]"] {
      #expect(
        try scene.curl(from: 0, "--max-time", "0.5", "http://\(address):15000/status").status == 0)
      #expect(try scene.curl(from: 0, "http://\(address):15021/healthz").status == 200)
    }
    try scene.expectRecords([])
  }

  @Test("tproxy without the capability ends with 3 and a sentence that says what helps")
  func withoutCapability() throws {
    let place = try NetworkNamespace("gateway")
    let path = Scratch.file("config.yaml", GatewayScene.document(.tproxy))
    let finished = try place.run(
      [try Binary.sidecar.path, "run", "--config", path], as: .proxy)
    #expect(finished.status == 3)
    #expect(
      finished.errors.split(separator: "\n").last.map(String.init)
        == "portarium-sidecar: capture.gateway.method tproxy needs CAP_NET_ADMIN when the sidecar "
        + "starts, which it doesn't have; method redirect needs no capability")
  }
}
