internal import COpenSSL

// What is told of a session: for the audit record, for headers, for measurements.
extension TLSSession {
  package enum Version: Sendable, Hashable {
    case tls12
    case tls13
  }

  /// Nil until it is negotiated.
  package var version: Version? {
    switch unsafe SSL_version(raw) {
    case TLS1_2_VERSION: .tls12
    case TLS1_3_VERSION: .tls13
    default: nil
    }
  }

  /// The cipher suite's name in IANA's registry; nil until it is negotiated.
  package var cipherSuite: String? {
    guard let cipher = unsafe SSL_get_current_cipher(raw) else { return nil }
    // A literal in OpenSSL's tables.
    return unsafe String(cString: SSL_CIPHER_standard_name(cipher))
  }

  /// What was agreed on by ALPN; nil for nothing.
  package var applicationProtocol: String? {
    var name: UnsafePointer<UInt8>? = nil
    var length: UInt32 = 0
    unsafe SSL_get0_alpn_selected(raw, &name, &length)
    // Points into the session, which outlives the copy.
    let bytes = unsafe UnsafeBufferPointer(start: name, count: Int(length))
    return bytes.isEmpty ? nil : unsafe String(decoding: bytes, as: UTF8.self)
  }

  /// Whether the kernel encrypts what is sent, and decrypts what arrives.
  package var kernelSends: Bool {
    unsafe SSL_get_wbio(raw).map { unsafe pl_bio_has_ktls_send($0) == 1 } ?? false
  }
  package var kernelReceives: Bool {
    unsafe SSL_get_rbio(raw).map { unsafe pl_bio_has_ktls_receive($0) == 1 } ?? false
  }
}
