import COpenSSL
import Kernel
import TLS
import Testing

@Suite("Hostile peers in a handshake")
struct HostileHandshakeTests {
  static let versions = [TLS1_2_VERSION, TLS1_3_VERSION]

  /// What happens where the hostile peer's own OpenSSL has no use for its certificate, and presents
  /// none or gives up.
  static func giveUp(_ name: String, asServer: Bool, _ version: Int32) -> Set<TLSError> {
    switch name {
    case "weak-p-192", "weak-rsa-1024", "weak-sha1", "weak-signer-sha1":
      return asServer
        ? [.alert(.handshakeFailure), .alert(.protocolVersion)] : [.peer(.noCertificate)]
    case "leaf-without-digital-signature", "leaf-broken-key-usage", "names-broken",
      "leaf-broken-basic-constraints", "names-extension-twice":
      return asServer && version == TLS1_2_VERSION ? [.alert(.handshakeFailure)] : []
    default: return []
    }
  }

  @Test("clients are refused for their own reason", arguments: HostileCertificates.all, versions)
  func client(hostile: (name: String, reason: PeerError), version: Int32) throws {
    let server = try TLSSession(
      inMemory: .inbound(
        svid: Certificates.svid(), bundles: Certificates.bundles(), clock: Certificates.clock),
      .accepting(admitting: { _ in true }))
    let client = RawPeer(.client, certificate: "hostile/\(hostile.name)")
    client.limit(to: version)
    exchange(client, server)
    let expected = Self.giveUp(hostile.name, asServer: false, version)
      .union([.peer(hostile.reason)])
    #expect(server.failure.map(expected.contains) == true, "\(String(describing: server.failure))")
    #expect(server.peer == nil)
    #expect(!server.isEstablished)
    if server.failure == .peer(hostile.reason) {
      _ = client.receive()
      #expect(client.alert == hostile.reason.alert)
    }
  }

  @Test("servers are refused for their own reason", arguments: HostileCertificates.all, versions)
  func server(hostile: (name: String, reason: PeerError), version: Int32) throws {
    let client = try TLSSession(
      inMemory: .mutual(
        svid: Certificates.svid(), bundles: Certificates.bundles(), clock: Certificates.clock),
      .connecting(expecting: .spiffeID(matches: { _ in true }, serverName: nil)))
    let server = RawPeer(.server, certificate: "hostile/\(hostile.name)")
    server.limit(to: version)
    exchange(client, server)
    let expected = Self.giveUp(hostile.name, asServer: true, version)
      .union([.peer(hostile.reason)])
    #expect(client.failure.map(expected.contains) == true, "\(String(describing: client.failure))")
    #expect(client.peer == nil)
    #expect(!client.isEstablished)
    if client.failure == .peer(hostile.reason) {
      #expect(server.alert == hostile.reason.alert)
    }
  }

  @Test("a client without a certificate is told that it needs one", arguments: versions)
  func withoutCertificate(version: Int32) throws {
    let server = try TLSSession(
      inMemory: .inbound(
        svid: Certificates.svid(), bundles: Certificates.bundles(), clock: Certificates.clock),
      .accepting(admitting: { _ in true }))
    let client = RawPeer(.client, certificate: nil)
    client.limit(to: version)
    exchange(client, server)
    #expect(server.failure == .peer(.noCertificate))
    _ = client.receive()
    #expect(
      client.alert == (version == TLS1_3_VERSION ? .certificateRequired : .handshakeFailure))
  }

  @Test("good peers get in, with either version", arguments: versions)
  func good(version: Int32) throws {
    for name in Certificates.names(in: "good").sorted() {
      let server = try TLSSession(
        inMemory: .inbound(
          svid: Certificates.svid(), bundles: Certificates.bundles(), clock: Certificates.clock),
        .accepting(admitting: { _ in true }))
      let client = RawPeer(.client, certificate: "good/\(name)")
      client.limit(to: version)
      exchange(client, server)
      #expect(server.failure == nil, "\(name)")
      #expect(server.isEstablished, "\(name)")
      #expect(server.version == (version == TLS1_3_VERSION ? .tls13 : .tls12))
    }
  }
}

extension PeerError {
  /// The alert that RFC 8446 §6.2 has for it.
  var alert: TLSAlert {
    switch self {
    case .expired, .notYetValid, .signerExpired, .signerNotYetValid: .certificateExpired
    case .unknownTrustDomain, .untrusted, .selfSigned, .chainTooLong, .signerNotAuthority,
      .pathLength:
      .unknownCA
    case .badSignature: .decryptError
    case .unexpectedPeer, .notAdmitted: .certificateUnknown
    case .revoked: .certificateRevoked
    case .authority, .noKeyUsage, .keyUsageNotCritical, .noDigitalSignature, .signsCertificates,
      .signsRevocationLists, .extendedKeyUsage, .purpose, .signerPurpose, .signerKeyUsage:
      .unsupportedCertificate
    default: .badCertificate
    }
  }
}
