package import Addressing
internal import COpenSSL

/// The roots of one trust domain. Immutable; any thread may use it.
package final class TrustBundle: Sendable {
  let store: CertificateStore

  /// How many certificates it was made from.
  package var rootCount: Int { store.count }

  /// - Parameter pem: one or more certificates of authorities.
  package convenience init(pem: [UInt8]) throws(SVIDError) {
    try self.init(Certificate.all(pem: pem))
  }

  /// - Parameter der: the same, one after the other, as the Workload API sends them.
  package convenience init(der: [UInt8]) throws(SVIDError) {
    try self.init(Certificate.all(der: der))
  }

  /// A bundle that holds anything but authorities is refused as a whole: a leaf in it would be
  /// trusted without a signature.
  private init(_ certificates: [Certificate]) throws(SVIDError) {
    for certificate in certificates {
      let flags = unsafe X509_get_extension_flags(certificate.raw)
      guard flags & UInt32(EXFLAG_INVALID) == 0 else { throw .malformed }
      guard flags & UInt32(EXFLAG_CA) != 0 else { throw .notAuthority }
    }
    store = try CertificateStore(certificates)
  }
}

/// The bundles of all trust domains whose workloads are accepted.
package struct TrustBundles: Sendable {
  private let byDomain: [TrustDomain: TrustBundle]

  package init(_ byDomain: [TrustDomain: TrustBundle]) { self.byDomain = byDomain }

  /// The only bundle that a workload of this trust domain is verified against.
  package subscript(domain: TrustDomain) -> TrustBundle? { byDomain[domain] }

  package var trustDomains: [TrustDomain] { Array(byDomain.keys) }
}
