import Addressing
import Configuration
import Foundation
import Logging
import TLS
import Telemetry
import TestNetwork
import Testing

@testable import ControlPlane

/// What neighbours are told of the identity, and what they may ask about others.
@Suite("The admin port, asked about identity")
struct IdentityAdminTests {
  static let domain = Result { try SPIFFEAuthority(trustDomain: "admin.test") }
  static let stranger = Result { try SPIFFEAuthority(trustDomain: "stranger.test") }
  /// Another authority that claims the same name.
  static let impostor = Result { try SPIFFEAuthority(trustDomain: "admin.test") }

  /// An identity in force.
  final class Scene {
    let state = IdentityState(source: .files)
    let svid: SPIFFEAuthority.SVID
    let identity: Identity
    let time: UInt64

    /// - Parameter atEnd: nanoseconds to the SVID's end.
    init(atEnd left: UInt64 = 60_000_000_000) throws {
      let authority = try IdentityAdminTests.domain.get()
      svid = try authority.svid("/ns/a/sa/b")
      identity = try SVIDFileSet(
        SVIDFiles(
          certificatePath: svid.certificatePath, keyPath: svid.keyPath,
          bundlePath: authority.bundlePath, checkInterval: 1)
      ).identity(at: 1_795_244_400_000_000_000)
      state.took(identity)
      time = identity.svid.notAfter - left
    }
  }

  static func ask(
    _ state: IdentityState?, at time: UInt64, _ target: String, method: String = "GET",
    body: String = "", from caller: AdminCaller = .local(uid: 0), host: String = "127.0.0.1:15000",
    origin: String? = nil
  ) -> AdminResponse {
    let lifecycle = Lifecycle()
    lifecycle.advance(to: .ready)
    let router = AdminRouter(
      lifecycle: lifecycle, access: AdminAccess(ownUID: 1337),
      sources: AdminSources(
        status: { SidecarStatus.sample }, metrics: { _ in }, configuration: { _ in },
        denials: DenialLog(), drain: {}, setLogLevel: { _ in }, identity: state),
      now: { time })
    return router.respond(
      to: AdminRequest(
        method: method, target: target, host: host, origin: origin, body: Array(body.utf8)),
      on: .admin(caller, port: 15000))
  }

  static func object(_ response: AdminResponse) throws -> [String: Any] {
    try #require(
      try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
  }

  static func verify(
    _ scene: Scene, _ body: String, query: String = "", at time: UInt64? = nil
  ) throws -> [String: Any] {
    let response = ask(
      scene.state, at: time ?? scene.time, "/identity/verify\(query)", method: "POST", body: body)
    #expect(response.status == 200)
    return try object(response)
  }

  // MARK: GET /identity

  @Test func `tells who we are`() throws {
    let scene = try Scene()
    let response = Self.ask(scene.state, at: scene.time, "/identity")
    #expect(response.status == 200)
    let object = try Self.object(response)
    let svid = scene.identity.svid
    #expect(object["usable"] as? Bool == true)
    #expect(object["connected"] as? Bool == true)
    #expect(object["source"] as? String == "files")
    #expect(object["spiffeId"] as? String == "spiffe://admin.test/ns/a/sa/b")
    #expect(object["trustDomain"] as? String == "admin.test")
    #expect(object["fingerprint"] as? String == svid.fingerprint.hexadecimal)
    #expect(object["serialNumber"] as? String == svid.serialNumber)
    #expect(object["notBeforeIso"] as? String == isoTimestamp(svid.notBefore))
    #expect(object["notAfterIso"] as? String == isoTimestamp(svid.notAfter))
    #expect(object["obtainedAtIso"] as? String == "2026-11-21T07:00:00.000000000Z")
    #expect(object["bundles"] as? [String] == ["admin.test"])
    #expect(object.count == 11)
    // As openssl reads the certificate.
    let printed = try RunningProcess([
      "openssl", "x509", "-in", scene.svid.certificatePath, "-noout", "-fingerprint", "-sha256",
    ]).wait().checked().output
    let shown = printed.split(separator: "=")[1].filter(\.isHexDigit).lowercased()
    #expect(object["fingerprint"] as? String == shown)
  }

  @Test func `says that it has expired, and what went wrong`() throws {
    let scene = try Scene(atEnd: 0)
    scene.state.failed("it is gone", at: 1_795_244_400_000_000_000, isConnected: false)
    let response = Self.ask(scene.state, at: scene.time, "/identity")
    #expect(response.status == 503)
    let object = try Self.object(response)
    #expect(object["usable"] as? Bool == false)
    #expect(object["connected"] as? Bool == false)
    #expect(object["spiffeId"] as? String == "spiffe://admin.test/ns/a/sa/b")
    let error = try #require(object["lastError"] as? [String: String])
    #expect(error == ["message": "it is gone", "atIso": "2026-11-21T07:00:00.000000000Z"])
    let text = String(
      decoding: Self.ask(scene.state, at: scene.time, "/identity?format=text").body, as: UTF8.self)
    #expect(text.contains("\nexpired "))
    #expect(text.contains("\nlast error     it is gone\n"))
  }

  @Test func `has lines for people`() throws {
    let scene = try Scene()
    let response = Self.ask(scene.state, at: scene.time, "/identity?format=text")
    #expect(response.status == 200)
    #expect(response.contentType.hasPrefix("text/plain"))
    let lines = String(decoding: response.body, as: UTF8.self).split(separator: "\n")
    #expect(lines.first == "SPIFFE ID      spiffe://admin.test/ns/a/sa/b")
    #expect(lines.contains("trusts         admin.test"))
    #expect(Self.ask(scene.state, at: scene.time, "/identity?format=xml").status == 400)
  }

  @Test func `has none before the first SVID, and where none is asked for`() throws {
    let waiting = Self.ask(IdentityState(source: .workloadAPI), at: 1, "/identity")
    #expect(waiting.status == 503)
    let object = try Self.object(waiting)
    #expect(object["usable"] as? Bool == false)
    #expect(object["spiffeId"] == nil)
    #expect(Self.ask(nil, at: 1, "/identity").status == 404)
    #expect(Self.ask(nil, at: 1, "/identity/verify", method: "POST", body: "x").status == 404)
  }

  @Test func `is not for everyone`() throws {
    let scene = try Scene()
    for (method, path) in [("GET", "/identity"), ("POST", "/identity/verify")] {
      let response = Self.ask(
        scene.state, at: scene.time, path, method: method, body: "x", from: .local(uid: 1000))
      #expect(response.status == 403)
    }
    #expect(
      Self.ask(
        scene.state, at: scene.time, "/identity/verify", method: "POST", body: "x",
        origin: "http://evil.example"
      ).status == 403)
    #expect(Self.ask(scene.state, at: scene.time, "/identity/verify").status == 405)
    #expect(Self.ask(scene.state, at: scene.time, "/identity", method: "POST").status == 405)
  }

  @Test func `answers without anything of the key`() throws {
    let scene = try Scene()
    let key = try String(contentsOfFile: scene.svid.keyPath, encoding: .utf8)
    let secret = key.split(separator: "\n")[1]
    for path in ["/identity", "/identity?format=text", "/status"] {
      let body = String(
        decoding: Self.ask(scene.state, at: scene.time, path).body, as: UTF8.self)
      #expect(!body.contains(secret))
    }
    let refused = Self.ask(
      scene.state, at: scene.time, "/identity/verify", method: "POST", body: key)
    #expect(refused.status == 400)
    #expect(!String(decoding: refused.body, as: UTF8.self).contains(secret))
  }

  // MARK: GET /readyz

  @Test func `is ready once there is an SVID, and while it is valid`() throws {
    let scene = try Scene()
    let waiting = Self.ask(IdentityState(source: .files), at: 1, "/readyz")
    #expect(waiting.status == 503)
    #expect(try Self.object(waiting)["waitingFor"] as? [String] == ["svid"])
    #expect(Self.ask(scene.state, at: scene.time, "/readyz").status == 200)
    #expect(Self.ask(scene.state, at: scene.identity.svid.notAfter, "/readyz").status == 503)
    scene.state.withdrew()
    #expect(Self.ask(scene.state, at: scene.time, "/readyz").status == 503)
    #expect(Self.ask(nil, at: 1, "/readyz").status == 200)
  }

  // MARK: POST /identity/verify

  @Test func `verifies a chain`() throws {
    let scene = try Scene()
    let peer = try Self.domain.get().svid("/ns/c/sa/d")
    let chain = try String(contentsOfFile: peer.certificatePath, encoding: .utf8)
    for query in ["", "?role=client", "?role=server"] {
      let object = try Self.verify(scene, chain, query: query)
      #expect(object["valid"] as? Bool == true)
      #expect(object["spiffeId"] as? String == "spiffe://admin.test/ns/c/sa/d")
      #expect(object["trustDomain"] as? String == "admin.test")
      #expect(object.count == 3)
    }
    #expect(
      Self.ask(scene.state, at: scene.time, "/identity/verify?role=x", method: "POST", body: chain)
        .status
        == 400)
  }

  @Test func `says why a chain is not valid`() throws {
    let scene = try Scene()
    func reason(_ chain: String, at time: UInt64? = nil) throws -> String? {
      let object = try Self.verify(scene, chain, at: time)
      #expect(object["valid"] as? Bool == false)
      #expect((object["message"] as? String)?.isEmpty == false)
      return object["reason"] as? String
    }
    func chain(_ authority: Result<SPIFFEAuthority, any Error>) throws -> String {
      try String(contentsOfFile: authority.get().svid("/x").certificatePath, encoding: .utf8)
    }
    #expect(try reason(chain(Self.stranger)) == "unknown-trust-domain")
    #expect(try ["untrusted", "bad-signature"].contains(reason(chain(Self.impostor))))
    let early = scene.identity.svid.notBefore - 60_000_000_000
    #expect(
      try ["not-yet-valid", "signer-not-yet-valid"].contains(
        reason(chain(Self.domain), at: early)))
    let bundle = try String(contentsOfFile: Self.domain.get().bundlePath, encoding: .utf8)
    #expect(try ["authority", "no-path"].contains(reason(bundle)))
    #expect(
      try reason("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        == "malformed-certificate")
  }

  @Test(
    arguments: [
      ("spiffe://admin.test/ns/a", nil), (" spiffe://admin.test/a \n", nil),
      ("spiffe://admin.test", "no-path"), ("spiffe://other.test/a", "unknown-trust-domain"),
      ("spiffe://Admin.test/a", "invalid-id"), ("spiffe://admin.test/../a", "invalid-id"),
      ("https://admin.test/a", "invalid-id"), ("x", "invalid-id"),
    ] as [(String, String?)])
  func judgesAnID(_ text: String, _ reason: String?) throws {
    let object = try Self.verify(Scene(), text)
    #expect(object["valid"] as? Bool == (reason == nil))
    #expect(object["reason"] as? String == reason)
  }

  @Test func `needs something to verify, and something to verify it with`() throws {
    let scene = try Scene(atEnd: 0)
    #expect(
      Self.ask(scene.state, at: scene.time - 1, "/identity/verify", method: "POST", body: " \n")
        .status
        == 400)
    #expect(
      Self.ask(
        scene.state, at: scene.time, "/identity/verify", method: "POST", body: "spiffe://a/b"
      ).status
        == 503)
  }

  @Test(arguments: [
    (PeerError.noURIName, "no-uri-name"), (.severalURINames, "several-uri-names"),
    (.invalidID(.empty), "invalid-id"), (.noPath, "no-path"), (.signerID, "signer-id"),
    (.expired, "expired"), (.unknownTrustDomain, "unknown-trust-domain"),
    (.unverified(7), "unverified"), (.extendedKeyUsage, "extended-key-usage"),
  ])
  func namesReasons(_ error: PeerError, _ identifier: String) {
    #expect(error.identifier == identifier)
  }

  // MARK: /status and /metrics

  @Test func `is in the status and the metrics`() throws {
    let scene = try Scene()
    var status = SidecarStatus.sample
    status.identity = scene.state.now
    var text = TextBuffer()
    status.append(state: .ready, to: &text)
    let object = try Self.object(AdminResponse(status: 200, body: text))
    #expect(object["spiffeId"] as? String == "spiffe://admin.test/ns/a/sa/b")
    #expect(
      object["svidExpiresAtIso"] as? String == isoTimestamp(scene.identity.svid.notAfter))

    scene.state.failed("x", at: 1, isConnected: false)
    func metrics(_ identity: IdentityState.Snapshot?) -> [Substring] {
      var text = TextBuffer()
      SidecarMetrics(
        version: "1", state: .ready, workers: 1, connectionLimit: 1, ruleCount: 0,
        reload: ReloadStatus(loadedAt: 1).now, auditBacklog: nil, startedAt: 1, identity: identity
      ).append(to: &text)
      return text.description.split(separator: "\n")
    }
    let lines = metrics(scene.state.now)
    let end = scene.identity.svid.notAfter / 1_000_000_000
    #expect(lines.contains("portarium_identity_configured 1"))
    #expect(lines.contains("portarium_identity_usable 1"))
    #expect(lines.contains("portarium_identity_source_connected 0"))
    #expect(lines.contains { $0.hasPrefix("portarium_svid_expiry_timestamp_seconds \(end)") })
    #expect(lines.contains(#"portarium_identity_updates_total{result="success"} 1"#))
    #expect(lines.contains(#"portarium_identity_updates_total{result="failure"} 1"#))
    let none = metrics(nil)
    #expect(none.contains("portarium_identity_configured 0"))
    #expect(none.contains("portarium_identity_usable 0"))
    #expect(none.contains { $0.hasPrefix("portarium_svid_expiry_timestamp_seconds 0") })
  }
}
