import Foundation
import TestNetwork
import Testing

/// TCP that is neither HTTP nor TLS: passes only where a rule names the address.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct OpaqueTests {
  static let rules = """
    {name: raw4, hostPattern: 10.77.2.70, port: 7000}
    {name: raw6, hostPattern: "fd77:2::/64", port: 7000}
    """

  @Test(arguments: ProxyScene.families)
  func `an allowed address gets its bytes, and both counts are recorded`(family: String) throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let address = ProxyScene.raw(family)
    let server = try scene.listen(address, 7000, "until:question", "send:an answer", "end")
    let client = try scene.connect(
      address, 7000, "send:a question", "until:answer", "shutdown", "end")
    #expect(client == .init(received: "an answer", ended: "eof"))
    #expect(try scene.seen(by: server) == .init(received: "a question", ended: "eof"))
    try scene.expectRecords(
      allowed("tcp", rule: family == "-4" ? "raw4" : "raw6").merging([
        "bytesSent": "10", "bytesReceived": "9", "destinationPort": "7000",
        "destinationAddress": address,
      ]) { $1 })
  }

  @Test(arguments: ProxyScene.families)
  func `a server that speaks first is heard without a byte from the client`(
    family: String
  ) throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let address = ProxyScene.raw(family)
    let server = try scene.listen(
      address, 7000, "send:220 mail.example.com ESMTP\\r\\n", "until:QUIT", "send:221 bye\\r\\n")
    let client = try scene.connect(address, 7000, "until:ESMTP\\r\\n", "send:QUIT\\r\\n", "end")
    #expect(client.received == "220 mail.example.com ESMTP\r\n221 bye\r\n")
    #expect(try scene.seen(by: server).received == "QUIT\r\n")
    try scene.expectRecords(allowed("tcp"))
  }

  @Test(arguments: ProxyScene.families)
  func `bytes to an address on no rule end in a reset`(family: String) throws {
    let scene = try ProxyScene(allowlist: #"{hostPattern: "*"}"#)
    let address = ProxyScene.raw(family)
    let server = try scene.listen(address, 7000, "end")
    let client = try scene.connect(address, 7000, "send:\\x00\\x01binary\\x02\\r\\n", "end")
    #expect(client == .init(received: "", ended: "reset"))
    #expect(server.lines == ["ready"])
    try scene.expectRecords(denied("tcp", "opaque-protocol"))
  }

  @Test func `silence to an address on no rule ends at the deadline`() throws {
    let scene = try ProxyScene(allowlist: #"{hostPattern: "*"}"#, limits: "peekSeconds: 0.3")
    let client = try scene.connect(ProxyScene.raw4, 7000, "end")
    #expect(client.ended == "reset")
    try scene.expectRecords(denied("tcp", "peek-timeout"))
  }

  @Test func `the port of an address rule counts`() throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let client = try scene.connect(ProxyScene.raw4, 7001, "send:\\x00binary\\x02\\r\\n", "end")
    #expect(client.ended == "reset")
    try scene.expectRecords(denied("tcp", "port-not-allowed"))
  }
}
