package import Addressing

/// Why a peer's certificate is not accepted. Closed: what OpenSSL has no name of ours for is
/// `unverified`.
package enum PeerError: Error, Hashable, Sendable {
  case noCertificate
  /// An extension can't be read, or stands there twice.
  case malformedCertificate

  // The leaf, by the rules for X.509-SVIDs.

  case noURIName
  case severalURINames
  case invalidID(SPIFFEIDError)
  /// The ID of a trust domain, which identifies no workload (§3.1).
  case noPath
  /// There is no subject, and the name extension is not critical (§3.1).
  case nameNotCritical
  /// `CA` is true (§5.2).
  case authority
  case noKeyUsage
  case keyUsageNotCritical
  case noDigitalSignature
  case signsCertificates
  case signsRevocationLists
  /// The extension is there and lacks serverAuth or clientAuth (§4.4).
  case extendedKeyUsage

  // The path to a root.

  case unknownTrustDomain
  case expired
  case notYetValid
  case signerExpired
  case signerNotYetValid
  case selfSigned
  case untrusted
  case badSignature
  case unknownCriticalExtension
  /// More signing certificates between the leaf and a root than are followed.
  case chainTooLong
  case weakKey
  case weakSignature
  /// A signing certificate whose `CA` is not true.
  case signerNotAuthority
  /// A signing certificate without keyCertSign.
  case signerKeyUsage
  /// A signing certificate that may not sign for TLS.
  case signerPurpose
  /// A signing certificate whose own SPIFFE ID is none, or several, or has a path (§3.2).
  case signerID
  /// More signing certificates below one than its path length allows.
  case pathLength
  /// A name outside of what a signing certificate is limited to, or limits that can't be read.
  case nameConstraints
  /// The key may not be used for this side of TLS.
  case purpose
  case revoked

  // Whether it is whom we want.

  case unexpectedPeer
  /// Neither a DNS name nor an address in the certificate is the one that was asked for.
  case nameMismatch
  /// Verified, but not to be let in.
  case notAdmitted

  /// Refused by OpenSSL with this number (`X509_V_ERR_…`).
  case unverified(Int32)

  /// Why, as a sentence without a full stop.
  package var sentence: String {
    switch self {
    case .noCertificate: "the peer has sent no certificate"
    case .malformedCertificate: "the certificate has an extension that can't be read"
    case .noURIName: "the certificate has no URI name, so it is no SVID"
    case .severalURINames: "the certificate has more than one URI name"
    case .invalidID(let error): "the certificate's SPIFFE ID \(error.sentence)"
    case .noPath: "the certificate's SPIFFE ID has no path, so it is a trust domain's"
    case .nameNotCritical:
      "the certificate has no subject, and its name extension is not critical"
    case .authority: "the certificate is a certificate authority's"
    case .noKeyUsage: "the certificate has no key usage"
    case .keyUsageNotCritical: "the certificate's key usage is not critical"
    case .noDigitalSignature: "the certificate's key usage lacks digitalSignature"
    case .signsCertificates: "the certificate's key usage has keyCertSign"
    case .signsRevocationLists: "the certificate's key usage has cRLSign"
    case .extendedKeyUsage:
      "the certificate's extended key usage lacks serverAuth or clientAuth"
    case .unknownTrustDomain: "there is no bundle of the certificate's trust domain"
    case .expired: "the certificate has expired"
    case .notYetValid: "the certificate is not valid yet"
    case .signerExpired: "a signing certificate has expired"
    case .signerNotYetValid: "a signing certificate is not valid yet"
    case .selfSigned: "the certificate is signed by itself"
    case .untrusted: "no root leads to the certificate"
    case .badSignature: "a signature in the chain is wrong"
    case .unknownCriticalExtension: "a critical extension in the chain is not known"
    case .chainTooLong: "the chain is too long"
    case .weakKey: "a key in the chain is too weak"
    case .weakSignature: "a signature in the chain is of a weak kind"
    case .signerNotAuthority: "a signing certificate is not a certificate authority's"
    case .signerKeyUsage: "a signing certificate's key usage lacks keyCertSign"
    case .signerPurpose: "a signing certificate may not sign for TLS"
    case .signerID: "a signing certificate's SPIFFE ID is not a trust domain's"
    case .pathLength: "a signing certificate has more of them below it than it allows"
    case .nameConstraints: "a name is outside of what a signing certificate is limited to"
    case .purpose: "the certificate may not be used for this side of TLS"
    case .revoked: "the certificate is revoked"
    case .unexpectedPeer: "the peer is another than the one that is expected"
    case .nameMismatch: "the certificate is for other names"
    case .notAdmitted: "the peer is not admitted"
    case .unverified(let code): "the certificate was refused (X.509 error \(code))"
    }
  }
}
