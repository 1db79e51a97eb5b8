package import Addressing
internal import COpenSSL

/// What a context wants of every peer.
struct PeerCheck: Sendable {
  enum Trust: Sendable {
    /// Workloads, each by its own trust domain's bundle.
    case workloads(TrustBundles)
    /// Servers of the web's kind.
    case authorities(RootStore)
  }

  let trust: Trust
  let role: PeerRole
  let clock: TLSContext.WallClock

  /// Verifies what a peer has presented in a handshake, and that it is whom we want.
  ///
  /// - Parameters:
  ///   - leaf: an `X509 *`.
  ///   - others: a stack of `X509 *`, or null. Both live as long as the call.
  @unsafe func verify(
    leaf: OpaquePointer, others: OpaquePointer?, _ expectation: PeerExpectation
  ) throws(PeerError) -> PeerIdentity {
    var id: SPIFFEID?
    switch trust {
    case .workloads(let bundles):
      let verified = try unsafe PeerVerification.verify(
        leaf: leaf, others: others, bundles, role: role, at: clock())
      try expectation.check(verified)
      id = verified
    case .authorities(let roots):
      var walk = ChainVerification(store: roots.store, role: role, time: clock(), isSVID: false)
      switch expectation {
      case .hostName(let host): walk.name = .host(host)
      case .address(let address): walk.name = .address(address)
      // Without a name to check, every certificate of every authority would do.
      case .admitted, .spiffeID: throw .nameMismatch
      }
      try unsafe walk.run(leaf: leaf, others: others)
    }
    return unsafe PeerIdentity(id: id, CertificateFields(leaf))
  }
}

/// Whom a session wants at the other end.
package enum PeerExpectation: Sendable {
  /// The server has this name; it is told so (SNI).
  case hostName(HostName)
  /// The server has this address, as its certificate says too; there is no SNI for addresses.
  case address(IPAddress)
  /// The server is a workload whose ID passes; `serverName` is what it is told (SNI).
  case spiffeID(matches: @Sendable (SPIFFEID) -> Bool, serverName: HostName?)
  /// The client is a workload whose ID passes.
  case admitted(@Sendable (SPIFFEID) -> Bool)

  func check(_ id: SPIFFEID) throws(PeerError) {
    switch self {
    case .spiffeID(let matches, _):
      guard matches(id) else { throw .unexpectedPeer }
    case .admitted(let isAdmitted):
      guard isAdmitted(id) else { throw .notAdmitted }
    // A workload isn't asked for a host name.
    case .hostName, .address: throw .unexpectedPeer
    }
  }
}

/// What is kept of a peer's certificate.
package struct PeerIdentity: Sendable, Hashable {
  /// Nil for servers of the web's kind.
  package let id: SPIFFEID?
  /// SHA-256 of the certificate in DER, 32 bytes.
  package let fingerprint: [UInt8]
  /// The distinguished name (RFC 2253); often empty.
  package let subject: String
  /// In nanoseconds since the epoch.
  package let notAfter: UInt64

  @unsafe init(id: SPIFFEID?, _ fields: CertificateFields) {
    self.id = id
    unsafe fingerprint = fields.fingerprint
    unsafe subject = fields.subject
    unsafe notAfter = fields.notAfter
  }
}
