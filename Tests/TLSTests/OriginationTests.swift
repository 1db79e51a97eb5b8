import Addressing
import TLS
import Testing

@Suite("Sessions with servers of the web's kind")
struct OriginationTests {
  /// A client that trusts the roots of `web/` and meets a server with one of its certificates.
  private func meet(_ certificate: String, _ expectation: PeerExpectation) throws -> TLSSession {
    let roots = try RootStore(pem: Certificates.bytes("web/root.pem"))
    let client = try TLSSession(
      inMemory: .originating(roots: roots, clock: Certificates.clock),
      .connecting(expecting: expectation))
    exchange(client, RawPeer(.server, certificate: "web/\(certificate)"))
    return client
  }

  @Test(
    "a server is who it should be by its certificate's names",
    arguments: [
      ("plain", "www.example.com", nil), ("plain", "WWW.example.com", nil),
      ("plain", "example.com", PeerError.nameMismatch),
      ("plain", "www.example.com.evil.org", .nameMismatch),
      ("plain", "a.wild.example.com", nil), ("plain", "wild.example.com", .nameMismatch),
      ("plain", "a.b.wild.example.com", .nameMismatch), ("plain", "10.1.2.3", .nameMismatch),
      ("through-an-intermediate", "www.example.com", nil),
      ("common-name-only", "www.example.com", .nameMismatch),
      ("partial-wildcard", "www.example.com", .nameMismatch),
      ("expired", "www.example.com", .expired), ("client-only", "www.example.com", .purpose),
      ("stranger", "www.example.com", .untrusted), ("self-signed", "www.example.com", .selfSigned),
      ("rsa-1024", "www.example.com", .weakKey),
    ] as [(String, String, PeerError?)])
  func names(certificate: String, host: String, reason: PeerError?) throws {
    let client = try meet(certificate, .hostName(HostName(host)))
    if certificate == "rsa-1024", client.failure != .peer(.weakKey) {
      // Its own OpenSSL has no signature for so short a key in TLS 1.3.
      #expect(!client.isEstablished)
      return
    }
    #expect(client.failure == reason.map { .peer($0) })
    #expect(client.isEstablished == (reason == nil))
    #expect(client.peer?.id == nil)
    #expect((client.peer == nil) == (reason != nil))
  }

  @Test(
    "an address is looked for among addresses",
    arguments: [
      ("10.1.2.3", nil), ("10.1.2.4", PeerError.nameMismatch), ("2001:db8::1", nil),
      ("::ffff:10.1.2.3", nil), ("2001:db8::2", .nameMismatch),
    ] as [(String, PeerError?)])
  func addresses(text: String, reason: PeerError?) throws {
    let client = try meet("plain", .address(try #require(IPAddress(text))))
    #expect(client.failure == reason.map { .peer($0) })
  }

  @Test("without a name to look for nobody is who it should be")
  func noName() throws {
    let client = try meet("plain", .spiffeID(matches: { _ in true }, serverName: nil))
    #expect(client.failure == .peer(.nameMismatch))
  }

  @Test("a workload is not looked for by a host name")
  func workloadByName() throws {
    let client = try TLSSession(
      inMemory: .mutual(
        svid: Certificates.svid(), bundles: Certificates.bundles(), clock: Certificates.clock),
      .connecting(expecting: .hostName(HostName("web.prod.svc"))))
    exchange(client, RawPeer(.server, certificate: "good/with-dns-and-address-names"))
    #expect(client.failure == .peer(.unexpectedPeer))
  }

  @Test("the system's roots can be read, where it has any")
  func systemRoots() throws {
    let roots = try RootStore.system()
    #expect(roots.rootCount > 10)
  }
}
