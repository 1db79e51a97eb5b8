import Addressing
import Foundation
import Kernel
import TLS
import TestNetwork
import Testing

@Suite("Other TLS programs", .serialized)
struct RealPeerTests {
  private static var folder: String { Certificates.folder }

  private static func inbound(_ svid: String = "direct") throws -> TLSContext {
    try .inbound(svid: Certificates.svid(svid), bundles: Certificates.bundles())
  }

  private static func answer(_ peer: PeerIdentity, _ request: String) -> String {
    "\(peer.id?.description ?? "nobody") said \(request)"
  }

  static let versions = [TLSSession.Version.tls12, .tls13]

  @Test(
    "openssl s_client with an SVID is let in", arguments: versions, ["direct", "through-three"])
  func sClient(version: TLSSession.Version, name: String) throws {
    let server = try SocketServer()
    let client = try RunningProcess(
      [
        "openssl", "s_client", "-connect", "127.0.0.1:\(server.port)", "-quiet",
        version == .tls12 ? "-tls1_2" : "-tls1_3", "-verify_return_error", "-verify", "5",
        "-cert", "\(Self.folder)/good/\(name).pem", "-cert_chain",
        "\(Self.folder)/good/\(name).pem", "-key", "\(Self.folder)/good/\(name).key", "-CAfile",
        "\(Self.folder)/bundles/example.org.pem",
      ], input: Data("hello\n".utf8))
    let outcome = try server.serve(Self.inbound(), answer: Self.answer)
    #expect(outcome.failure == nil)
    #expect(outcome.peer?.id == .web)
    #expect(outcome.version == version)
    #expect(outcome.received == "hello\n")
    let finished = try client.wait()
    #expect(finished.output.contains("spiffe://example.org/ns/prod/sa/web said hello"))
  }

  @Test(
    "openssl s_client is told why it is not let in",
    arguments: [
      (nil, PeerError.noCertificate, "certificate required"),
      ("hostile/trust-stranger", .badSignature, "decrypt error"),
      ("hostile/trust-self-signed", .selfSigned, "unknown ca"),
      ("hostile/time-expired", .expired, "certificate expired"),
      ("hostile/leaf-is-authority", .authority, "unsupported certificate"),
      ("hostile/names-two-ids", .severalURINames, "bad certificate"),
      ("hostile/id-dot-dot", .invalidID(.dotSegment), "bad certificate"),
    ] as [(String?, PeerError, String)])
  func refused(certificate: String?, reason: PeerError, alert: String) throws {
    let server = try SocketServer()
    let presented = certificate.map {
      ["-cert", "\(Self.folder)/\($0).pem", "-key", "\(Self.folder)/\($0).key"]
    }
    let client = try RunningProcess(
      ["openssl", "s_client", "-connect", "127.0.0.1:\(server.port)", "-tls1_3", "-quiet"]
        + (presented ?? []))
    let outcome = try server.serve(Self.inbound(), answer: Self.answer)
    #expect(outcome.failure == .peer(reason))
    let finished = try client.wait()
    #expect(finished.errors.contains(alert), "\(finished.errors)")
  }

  @Test("curl with an SVID gets its answer", arguments: versions)
  func curl(version: TLSSession.Version) throws {
    let server = try SocketServer()
    let client = try RunningProcess(
      [
        "curl", "-sS", "--max-time", "20", "--cert", "\(Self.folder)/good/through-three.pem",
        "--key", "\(Self.folder)/good/through-three.key", "--cacert",
        "\(Self.folder)/bundles/example.org.pem", "--resolve",
        "web.prod.svc:\(server.port):127.0.0.1", "--tls-max", version == .tls12 ? "1.2" : "1.3",
        "https://web.prod.svc:\(server.port)/who",
      ])
    let outcome = try server.serve(Self.inbound("with-dns-and-address-names")) { peer, request in
      let body = Self.answer(peer, String(request.prefix { $0 != "\r\n" }))
      return "HTTP/1.1 200 OK\r\ncontent-length: \(body.utf8.count)\r\nconnection: close\r\n\r\n"
        + body
    }
    #expect(outcome.version == version)
    #expect(outcome.failure == nil)
    #expect(
      try client.wait().output == "spiffe://example.org/ns/prod/sa/web said GET /who HTTP/1.1")
  }

  @Test("Python's ssl, a byte per record, gets its answer", arguments: versions)
  func python(version: TLSSession.Version) throws {
    let server = try SocketServer()
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Scripts/client.py").path
    let client = try RunningProcess([
      "/usr/bin/python3", script, "\(server.port)", "\(Self.folder)/good/through-three.pem",
      "\(Self.folder)/good/through-three.key", "\(Self.folder)/bundles/example.org.pem",
      version == .tls12 ? "TLSv1_2" : "TLSv1_3",
    ])
    let outcome = try server.serve(Self.inbound(), answer: Self.answer)
    #expect(outcome.version == version)
    let finished = try client.wait()
    #expect(
      finished.output == "spiffe://example.org/ns/prod/sa/web said hello from python\n",
      "\(finished.errors)")
  }

  @Test("openssl s_server that wants an SVID gets ours, and is verified", arguments: versions)
  func sServer(version: TLSSession.Version) throws {
    let connected = try Connected(version: version, name: "direct") { $0 == .web }
    let session = connected.session
    let deadline = Instant.now() + 20_000_000_000
    #expect(try SocketDriver.handshake(session, until: deadline))
    #expect(session.failure == nil)
    #expect(session.version == version)
    try SocketDriver.send(session, "hello\n", until: deadline)
    let (text, _) = try SocketDriver.receive(session, until: deadline) { $0.hasSuffix("\n") }
    #expect(text == "olleh\n")
    _ = session.shutdownWrite()
    _ = try SocketDriver.receive(session, until: deadline) { _ in false }
    let said = try connected.server.wait()
    #expect(said.errors.contains("verify return:1"), "\(said.errors)")
  }

  @Test("openssl s_server that is another is refused")
  func otherServer() throws {
    let connected = try Connected(version: .tls13, name: "other-domain") { $0 == .web }
    #expect(try !SocketDriver.handshake(connected.session, until: .now() + 20_000_000_000))
    #expect(connected.session.failure == .peer(.unexpectedPeer))
  }
}

/// A session of ours with an s_server that turns lines around.
private final class Connected {
  let server: RunningProcess
  /// Outlives the session, which reads and writes it.
  private let socket: Descriptor
  let session: TLSSession

  /// - Parameter name: what the server presents.
  init(
    version: TLSSession.Version, name: String, expecting: @escaping @Sendable (SPIFFEID) -> Bool
  ) throws {
    let folder = Certificates.folder
    server = try RunningProcess([
      "openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-rev", "-Verify", "5",
      "-verify_return_error", version == .tls12 ? "-tls1_2" : "-tls1_3", "-cert",
      "\(folder)/good/\(name).pem", "-key", "\(folder)/good/\(name).key", "-CAfile",
      "\(folder)/bundles/example.org.pem",
    ])
    let line = try server.waitForLine("its port") { $0.hasPrefix("ACCEPT") }
    let port = try #require(UInt16(line.split(separator: ":").last ?? ""))
    socket = try .connecting(to: Endpoint(address: IPAddress("127.0.0.1")!, port: port))
    let context = try TLSContext.mutual(
      svid: Certificates.svid("through-three"), bundles: Certificates.bundles())
    session = try TLSSession(
      context, connecting: socket, expecting: .spiffeID(matches: expecting, serverName: nil))
  }
}
