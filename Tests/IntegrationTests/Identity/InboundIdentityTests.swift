import Foundation
import TestNetwork
import Testing

/// What reaches the workload from outside, and as whom.
@Suite("Inbound identity", .serialized, .enabled(if: Requirement.privileged))
struct InboundIdentityTests {
  static let strict = """
    mode: strict
    allow:
      - {name: web, peer: "spiffe://portarium.test/ns/shop/sa/*", ports: [8080, 8082], allowedMethods: [GET]}
    """

  @Test func `a peer that a rule names is forwarded, and the workload learns who it is`() throws {
    let scene = try IdentityScene(inbound: Self.strict)
    let web = try scene.authority.svid("/ns/shop/sa/web")
    let answer = try scene.curl("https://\(IdentityScene.pod4):8080/orders", as: web)
    #expect(answer.status == 200, "\(answer)")
    #expect(answer.body.contains("GET http \(IdentityScene.pod4) /orders"), "\(answer)")
    let (records, status) = try scene.sidecar.drain()
    #expect(status == 0)
    ProxyScene.expect(
      records,
      [
        [
          "direction": "inbound", "policyDecision": "allow", "matchedRule": "web",
          "peerSpiffeId": web.id, "agentSpiffeId": scene.own.id, "responseStatus": "200",
          "httpMethod": "GET", "httpPath": "/orders", "outcome": "completed",
        ]
      ])
  }

  @Test func `whom no rule names gets a 403 with the reason`() throws {
    let scene = try IdentityScene(inbound: Self.strict)
    let stranger = try scene.authority.svid("/ns/other/sa/web")
    let answer = try scene.curl("https://\(IdentityScene.pod4):8080/", as: stranger)
    #expect(answer.status == 403, "\(answer)")
    #expect(answer.field("reason") == "peer-not-allowed")
    #expect(try scene.workload.requests().isEmpty)
    let (records, _) = try scene.sidecar.drain()
    ProxyScene.expect(
      records,
      [
        [
          "direction": "inbound", "policyDecision": "deny", "policyReason": "peer-not-allowed",
          "peerSpiffeId": stranger.id, "outcome": "denied",
        ]
      ])
  }

  @Test func `a method that the rule doesn't name is refused`() throws {
    let scene = try IdentityScene(inbound: Self.strict)
    let web = try scene.authority.svid("/ns/shop/sa/web")
    let answer = try scene.curl("https://\(IdentityScene.pod4):8080/", as: web, "-X", "DELETE")
    #expect(answer.status == 403, "\(answer)")
    #expect(answer.field("reason") == "method-not-allowed")
    #expect(try scene.workload.requests().isEmpty)
  }

  @Test func `without a certificate, or in the clear, nothing reaches the workload`() throws {
    let scene = try IdentityScene(inbound: Self.strict)
    #expect(try scene.curl("https://\(IdentityScene.pod4):8080/", as: nil).status == 0)
    #expect(try scene.curl("http://\(IdentityScene.pod4):8080/", as: nil).status != 200)
    let elsewhere = try SPIFFEAuthority(trustDomain: "elsewhere.test").svid("/ns/shop/sa/web")
    #expect(try scene.curl("https://\(IdentityScene.pod4):8080/", as: elsewhere).status == 0)
    #expect(try scene.workload.requests().isEmpty)
    let (records, _) = try scene.sidecar.drain()
    ProxyScene.expect(
      records,
      Array(repeating: "no-peer-certificate", count: 3).map {
        ["direction": "inbound", "policyDecision": "deny", "policyReason": $0]
      })
  }

  @Test(arguments: ["-tls1_2", "-tls1_3"])
  func `openssl verifies the sidecar's SVID against the bundle`(version: String) throws {
    let scene = try IdentityScene(inbound: Self.strict)
    let web = try scene.authority.svid("/ns/shop/sa/web")
    let (output, _) = try scene.openssl(
      8080, as: web,
      input: "GET /seen HTTP/1.1\\r\\nhost: workload\\r\\nconnection: close\\r\\n\\r\\n", version)
    #expect(output.contains("Verify return code: 0 (ok)"), "\(output)")
    #expect(output.contains("HTTP/1.1 200 OK"), "\(output)")
  }

  @Test(arguments: ["-tls1", "-tls1_1"])
  func `an old protocol version is refused`(version: String) throws {
    let scene = try IdentityScene(inbound: Self.strict)
    let web = try scene.authority.svid("/ns/shop/sa/web")
    let (output, status) = try scene.openssl(
      8080, as: web, version, "-cipher", "ALL:@SECLEVEL=0")
    #expect(status != 0)
    #expect(output.contains("alert protocol version"), "\(output)")
  }

  /// Who could name a peer himself would be whoever he likes to the workload.
  @Test(arguments: [
    "x-forwarded-client-cert", "X-Forwarded-Client-Cert", "x_forwarded_client_cert",
    "X-Portarium-Peer-Spiffe-Id", "x_portarium_peer_spiffe_id", "X_PORTARIUM-PEER_SPIFFE-ID",
  ])
  func `a peer can't say who it is`(field: String) throws {
    let scene = try IdentityScene(inbound: Self.strict)
    let web = try scene.authority.svid("/ns/shop/sa/web")
    let server = try scene.listen(
      8082, "until:\\r\\n\\r\\n", "send:HTTP/1.1 200 OK\\r\\ncontent-length: 0\\r\\n\\r\\n", "end")
    let answer = try scene.curl(
      "https://\(IdentityScene.pod4):8082/", as: web, "-H", "\(field): URI=spiffe://forged.test/x")
    #expect(answer.status == 200, "\(answer)")
    let head = try ProxyScene.seen(server.waitForLines(2)[1]).received.lowercased()
    #expect(!head.contains("forged"), "\(head)")
    let lines = head.split(separator: "\r\n")
    let shown = lines.filter { $0.hasPrefix("x-forwarded-client-cert:") }
    #expect(shown.count == 1, "\(head)")
    #expect(shown.first?.contains("by=\(scene.own.id);hash=") == true, "\(head)")
    #expect(shown.first?.hasSuffix("uri=\(web.id)") == true, "\(head)")
    #expect(lines.filter { $0 == "x-portarium-peer-spiffe-id: \(web.id)" }.count == 1, "\(head)")
  }
}
