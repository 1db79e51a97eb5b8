import Addressing
import TLS
import Testing

@Suite("Verifying a workload's certificate")
struct PeerVerificationTests {
  private func verify(_ path: String, role: PeerRole, at time: UInt64 = Certificates.now) throws
    -> SPIFFEID
  {
    try PeerVerification.verify(
      chainPEM: Certificates.chain(path), Certificates.bundles(), role: role, at: time)
  }

  @Test("what follows the rules is accepted on either side", arguments: PeerRole.allCases)
  func good(role: PeerRole) throws {
    let names = Certificates.names(in: "good")
    #expect(names.count >= 20)
    for name in names {
      #expect(throws: Never.self, "\(name)") { try verify("good/\(name)", role: role) }
    }
  }

  @Test(
    "every hostile certificate is refused for its own reason", arguments: HostileCertificates.all)
  func hostile(name: String, reason: PeerError) {
    for role in PeerRole.allCases {
      #expect(throws: reason) { try verify("hostile/\(name)", role: role) }
    }
  }

  @Test("the hostile certificates that are made are the ones that reasons are known for")
  func complete() {
    #expect(Certificates.names(in: "hostile") == Set(HostileCertificates.reasons.keys))
    #expect(HostileCertificates.reasons.count >= 60)
  }

  @Test("no hostile certificate makes an SVID of ours by its leaf's rules alone")
  func ownSVID() throws {
    for (name, reason) in HostileCertificates.all
    where ["id", "na", "le"].contains(name.prefix(2)) && reason != .unknownCriticalExtension {
      #expect(throws: SVIDError.leaf(reason), "\(name)") {
        try X509SVID(
          chainPEM: Certificates.chain("hostile/\(name)"),
          keyPEM: Certificates.key("hostile/\(name)"))
      }
    }
  }

  @Test("the time is the one that is given, to the second")
  func time() throws {
    let svid = try Certificates.svid("for-some-years")
    let second: UInt64 = 1_000_000_000
    for inside in [svid.notBefore, svid.notBefore + second, svid.notAfter - second] {
      #expect(try verify("good/for-some-years", role: .client, at: inside) == .web)
    }
    #expect(throws: PeerError.notYetValid) {
      try verify("good/for-some-years", role: .client, at: svid.notBefore - 1)
    }
    #expect(throws: PeerError.expired) {
      try verify("good/for-some-years", role: .client, at: svid.notAfter + second)
    }
    #expect(throws: PeerError.signerNotYetValid) { try verify("good/direct", role: .client, at: 0) }
    #expect(throws: PeerError.signerExpired) { try verify("good/direct", role: .client, at: .max) }
  }

  @Test("a domain whose bundle was withdrawn is unknown, whoever else is trusted")
  func withdrawn() throws {
    let others = TrustBundles([try TrustDomain("other.org"): try Certificates.bundle("other.org")])
    #expect(throws: PeerError.unknownTrustDomain) {
      try PeerVerification.verify(
        chainPEM: Certificates.chain("good/direct"), others, role: .client, at: Certificates.now)
    }
  }

  @Test("a bundle under another domain's name vouches for nobody of its own")
  func misplaced() throws {
    let misplaced = TrustBundles([
      try TrustDomain("example.org"): try Certificates.bundle("other.org")
    ])
    #expect(throws: PeerError.untrusted) {
      try PeerVerification.verify(
        chainPEM: Certificates.chain("good/direct"), misplaced, role: .client,
        at: Certificates.now)
    }
  }

  @Test("no text and a text without a certificate are none", arguments: ["", "nothing here\n"])
  func nothing(text: String) throws {
    #expect(throws: PeerError.noCertificate) {
      try PeerVerification.verify(
        chainPEM: Array(text.utf8), TrustBundles([:]), role: .client, at: 0)
    }
    #expect(throws: text.isEmpty ? PeerError.noCertificate : .malformedCertificate) {
      try PeerVerification.verify(
        chainDER: Array(text.utf8), TrustBundles([:]), role: .client, at: 0)
    }
  }
}
