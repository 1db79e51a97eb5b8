/// Why bytes are no SVID, no client certificate or no trust bundle that could be used.
package enum SVIDError: Error, Hashable, Sendable {
  /// The text has no certificate at all.
  case noCertificate
  /// A certificate is broken or breaks off.
  case malformed
  /// The text has no private key that can be read.
  case malformedKey
  /// The key is encrypted, and nobody is there to ask for its password.
  case encryptedKey
  /// More bytes than any chain or key has.
  case tooLarge
  /// The key is not the one of the first certificate.
  case keyMismatch
  /// The first certificate breaks a rule for SVIDs.
  case leaf(PeerError)
  /// A certificate of a bundle is no authority's.
  case notAuthority
  /// OpenSSL has no memory or lost its configuration.
  case library(reason: String)

  /// What is wrong, as a sentence without a full stop.
  package var sentence: String {
    switch self {
    case .noCertificate: "there is no certificate in it"
    case .malformed: "a certificate in it is broken or breaks off"
    case .malformedKey: "there is no private key in it that can be read"
    case .encryptedKey: "the private key is encrypted"
    case .tooLarge: "it is too large"
    case .keyMismatch: "the private key is not the certificate's"
    case .leaf(let error): error.sentence
    case .notAuthority: "a certificate in it is not a certificate authority's"
    case .library(let reason): "OpenSSL failed: \(reason)"
    }
  }
}
