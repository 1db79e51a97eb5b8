package import Addressing
internal import COpenSSL

/// Whether a workload is who its certificate says: the leaf by the rules for X.509-SVIDs, the chain
/// to a root of its own trust domain's bundle.
///
/// The handshake asks the same code.
package enum PeerVerification {
  /// - Parameters:
  ///   - chainPEM: the leaf first.
  ///   - role: the side of the connection that has presented it.
  ///   - time: nanoseconds since the epoch.
  package static func verify(
    chainPEM: [UInt8], _ bundles: TrustBundles, role: PeerRole, at time: UInt64
  ) throws(PeerError) -> SPIFFEID {
    try verify(
      read { () throws(SVIDError) in try Certificate.all(pem: chainPEM) }, bundles, role, time)
  }

  /// The same for certificates in DER, one after the other.
  package static func verify(
    chainDER: [UInt8], _ bundles: TrustBundles, role: PeerRole, at time: UInt64
  ) throws(PeerError) -> SPIFFEID {
    try verify(
      read { () throws(SVIDError) in try Certificate.all(der: chainDER) }, bundles, role, time)
  }

  private static func read(
    _ body: () throws(SVIDError) -> [Certificate]
  ) throws(PeerError) -> [Certificate] {
    do throws(SVIDError) {
      return try body()
    } catch {
      throw error == .noCertificate ? .noCertificate : .malformedCertificate
    }
  }

  private static func verify(
    _ chain: [Certificate], _ bundles: TrustBundles, _ role: PeerRole, _ time: UInt64
  ) throws(PeerError) -> SPIFFEID {
    guard let leaf = chain.first else { throw .noCertificate }
    let stack = unsafe OPENSSL_sk_new_null()
    // The stack holds no references; `chain` outlives it.
    defer {
      unsafe OPENSSL_sk_free(stack)
      extendLifetime(chain)
    }
    for certificate in chain {
      unsafe OPENSSL_sk_push(stack, UnsafeRawPointer(certificate.raw))
    }
    return try unsafe verify(leaf: leaf.raw, others: stack, bundles, role: role, at: time)
  }

  /// - Parameters:
  ///   - leaf: an `X509 *`.
  ///   - others: a stack of `X509 *`, or null. Both live as long as the call.
  @unsafe static func verify(
    leaf: OpaquePointer, others: OpaquePointer?, _ bundles: TrustBundles, role: PeerRole,
    at time: UInt64
  ) throws(PeerError) -> SPIFFEID {
    let id = try unsafe LeafRules.check(leaf)
    guard let bundle = bundles[id.trustDomain] else { throw .unknownTrustDomain }
    let walk = ChainVerification(store: bundle.store, role: role, time: time, isSVID: true)
    try unsafe walk.run(leaf: leaf, others: others)
    return id
  }
}
