internal import COpenSSL

extension TLSError {
  /// Takes OpenSSL's list of errors and says what it comes to; nil where the list is empty.
  static func taken() -> TLSError? {
    let entries = ErrorQueue.take()
    guard !entries.isEmpty else { return nil }
    // The first entry of libssl is what happened; those of libcrypto before it are how it came about.
    guard let entry = entries.first(where: { $0.library == ERR_LIB_SSL && !$0.isSystem }) else {
      return .library(reason: entries[0].text)
    }
    return TLSError(entry)
  }

  private init(_ entry: ErrorQueue.Entry) {
    let reason = entry.reason
    // Alerts of the peer are numbered from here on (SSL_AD_REASON_OFFSET).
    if reason > SSL_AD_REASON_OFFSET, reason < SSL_AD_REASON_OFFSET + 256 {
      self = .alert(TLSAlert(rawValue: UInt8(reason - SSL_AD_REASON_OFFSET)))
      return
    }
    switch reason {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: self = .peer(.noCertificate)
    case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST: self = .plainHTTP
    case SSL_R_WRONG_VERSION_NUMBER, SSL_R_BAD_RECORD_TYPE, SSL_R_NO_PROTOCOLS_AVAILABLE,
      SSL_R_WRONG_SSL_VERSION:
      self = .notTLS
    case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_VERSION_TOO_HIGH,
      SSL_R_BAD_PROTOCOL_VERSION_NUMBER, SSL_R_BAD_LEGACY_VERSION,
      SSL_R_INAPPROPRIATE_FALLBACK:
      self = .version
    case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SUITABLE_KEY_SHARE, SSL_R_NO_SHARED_GROUPS,
      SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM,
      SSL_R_NO_SUITABLE_GROUPS, SSL_R_UNKNOWN_CIPHER_RETURNED, SSL_R_WRONG_CIPHER_RETURNED,
      SSL_R_WRONG_SIGNATURE_TYPE, SSL_R_WRONG_CURVE, SSL_R_DH_KEY_TOO_SMALL, SSL_R_EE_KEY_TOO_SMALL,
      SSL_R_NO_CIPHERS_SPECIFIED, SSL_R_MISSING_SUPPORTED_GROUPS_EXTENSION,
      SSL_R_MISSING_SIGALGS_EXTENSION:
      self = .noCommonParameters
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, SSL_R_DECRYPTION_FAILED,
      SSL_R_DIGEST_CHECK_FAILED, SSL_R_BLOCK_CIPHER_PAD_IS_WRONG:
      self = .badRecord
    case SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_ENCRYPTED_LENGTH_TOO_LONG, SSL_R_DATA_LENGTH_TOO_LONG,
      SSL_R_EXCESSIVE_MESSAGE_SIZE, SSL_R_COMPRESSED_LENGTH_TOO_LONG, SSL_R_RECORD_TOO_SMALL,
      SSL_R_BAD_HANDSHAKE_LENGTH:
      self = .tooLarge
    case SSL_R_NO_RENEGOTIATION, SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED,
      SSL_R_RENEGOTIATE_EXT_TOO_LONG, SSL_R_RENEGOTIATION_ENCODING_ERR,
      SSL_R_RENEGOTIATION_MISMATCH:
      self = .renegotiation
    // Keys and certificates that can't be read.
    case pl_err_asn1, pl_err_x509, pl_err_ec, pl_err_evp: self = .malformed
    case SSL_R_UNEXPECTED_EOF_WHILE_READING: self = .truncated
    case SSL_R_PROTOCOL_IS_SHUTDOWN, SSL_R_UNINITIALIZED, SSL_R_SHUTDOWN_WHILE_IN_INIT:
      self = .unusable
    case let reason where Self.malformations.contains(reason): self = .malformed
    default: self = .library(reason: entry.text)
    }
  }

  /// What OpenSSL says of messages that break the protocol's grammar.
  private static let malformations: Set<Int32> = [
    SSL_R_LENGTH_MISMATCH, SSL_R_LENGTH_TOO_SHORT, SSL_R_LENGTH_TOO_LONG, SSL_R_UNEXPECTED_MESSAGE,
    SSL_R_UNEXPECTED_RECORD, SSL_R_BAD_EXTENSION, SSL_R_BAD_KEY_SHARE, SSL_R_BAD_KEY_UPDATE,
    SSL_R_BAD_HELLO_REQUEST, SSL_R_BAD_CHANGE_CIPHER_SPEC, SSL_R_CCS_RECEIVED_EARLY,
    SSL_R_UNEXPECTED_CCS_MESSAGE, SSL_R_INVALID_CCS_MESSAGE, SSL_R_BAD_SIGNATURE,
    SSL_R_INVALID_ALERT, SSL_R_UNKNOWN_ALERT_TYPE, SSL_R_TOO_MANY_WARN_ALERTS,
    SSL_R_TOO_MANY_KEY_UPDATES, SSL_R_BAD_PSK, SSL_R_BAD_LENGTH,
    SSL_R_BAD_DIGEST_LENGTH, SSL_R_BAD_CIPHER, SSL_R_BAD_ECPOINT, SSL_R_BAD_PACKET,
    SSL_R_NOT_ON_RECORD_BOUNDARY, SSL_R_INVALID_COMPRESSION_ALGORITHM,
    SSL_R_NO_COMPRESSION_SPECIFIED, SSL_R_UNSUPPORTED_COMPRESSION_ALGORITHM,
    SSL_R_CERT_LENGTH_MISMATCH, SSL_R_MISSING_SIGNING_CERT, SSL_R_INVALID_SESSION_ID,
    SSL_R_INVALID_MAX_EARLY_DATA, SSL_R_UNSOLICITED_EXTENSION, SSL_R_BAD_DATA,
    SSL_R_GOT_A_FIN_BEFORE_A_CCS, SSL_R_EXTRA_DATA_IN_MESSAGE,
    SSL_R_APP_DATA_IN_HANDSHAKE, SSL_R_DATA_BETWEEN_CCS_AND_FINISHED,
  ]
}
