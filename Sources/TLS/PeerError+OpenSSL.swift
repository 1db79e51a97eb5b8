internal import COpenSSL

// Between OpenSSL's numbers for a refused certificate and ours.
extension PeerError {
  /// - Parameter depth: 0 for the leaf, more for the certificates that signed it.
  init(verifyError code: Int32, depth: Int) {
    let isLeaf = depth == 0
    switch code {
    case X509_V_ERR_CERT_HAS_EXPIRED: self = isLeaf ? .expired : .signerExpired
    case X509_V_ERR_CERT_NOT_YET_VALID: self = isLeaf ? .notYetValid : .signerNotYetValid
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: self = .selfSigned
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
      X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
      X509_V_ERR_CERT_UNTRUSTED, X509_V_ERR_CERT_REJECTED, X509_V_ERR_AKID_SKID_MISMATCH,
      X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH, X509_V_ERR_SUBJECT_ISSUER_MISMATCH:
      self = .untrusted
    case X509_V_ERR_CERT_SIGNATURE_FAILURE, X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE,
      X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH:
      self = .badSignature
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION: self = .unknownCriticalExtension
    case X509_V_ERR_CERT_CHAIN_TOO_LONG: self = .chainTooLong
    case X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_KEY_TOO_SMALL,
      X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, X509_V_ERR_EC_KEY_EXPLICIT_PARAMS:
      self = .weakKey
    case X509_V_ERR_CA_MD_TOO_WEAK: self = .weakSignature
    case X509_V_ERR_INVALID_CA, X509_V_ERR_INVALID_NON_CA, X509_V_ERR_NO_ISSUER_PUBLIC_KEY:
      self = .signerNotAuthority
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN: self = .signerKeyUsage
    case X509_V_ERR_INVALID_PURPOSE: self = isLeaf ? .purpose : .signerPurpose
    case X509_V_ERR_PATH_LENGTH_EXCEEDED, X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA,
      X509_V_ERR_PATHLEN_WITHOUT_KU_KEY_CERT_SIGN:
      self = .pathLength
    case X509_V_ERR_PERMITTED_VIOLATION, X509_V_ERR_EXCLUDED_VIOLATION,
      X509_V_ERR_SUBTREE_MINMAX, X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE,
      X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, X509_V_ERR_UNSUPPORTED_NAME_SYNTAX:
      self = .nameConstraints
    case X509_V_ERR_INVALID_EXTENSION, X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD,
      X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
      self = .malformedCertificate
    case X509_V_ERR_CERT_REVOKED: self = .revoked
    case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: self = .nameMismatch
    default: self = .unverified(code)
    }
  }

  /// The number that makes OpenSSL send the alert that fits (RFC 8446 §6.2).
  var verifyError: Int32 {
    switch self {
    // certificate_expired
    case .expired, .notYetValid, .signerExpired, .signerNotYetValid: X509_V_ERR_CERT_HAS_EXPIRED
    // unknown_ca
    case .unknownTrustDomain, .untrusted, .selfSigned, .chainTooLong, .signerNotAuthority,
      .pathLength:
      X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
    // unsupported_certificate
    case .authority, .noKeyUsage, .keyUsageNotCritical, .noDigitalSignature, .signsCertificates,
      .signsRevocationLists, .extendedKeyUsage, .purpose, .signerPurpose, .signerKeyUsage:
      X509_V_ERR_INVALID_PURPOSE
    // decrypt_error
    case .badSignature: X509_V_ERR_CERT_SIGNATURE_FAILURE
    case .revoked: X509_V_ERR_CERT_REVOKED
    // certificate_unknown: nothing is wrong with it, but it is not to be accepted
    case .unexpectedPeer, .notAdmitted: X509_V_ERR_CRL_PATH_VALIDATION_ERROR
    // bad_certificate
    case .noCertificate, .malformedCertificate, .noURIName, .severalURINames, .invalidID, .noPath,
      .nameNotCritical, .unknownCriticalExtension, .weakKey, .weakSignature, .signerID,
      .nameConstraints, .nameMismatch, .unverified:
      X509_V_ERR_CERT_REJECTED
    }
  }
}
