internal import COpenSSL
internal import Glibc

/// One parsed certificate. The one owner of a reference to OpenSSL's object.
///
/// Sendable: OpenSSL guards what it works out later (the cached extensions) with a lock of its own,
/// and nothing here changes the rest.
@safe final class Certificate: @unchecked Sendable {
  /// An `X509 *`, valid as long as this object.
  let raw: OpaquePointer

  /// Takes over a reference.
  init(owning raw: OpaquePointer) { unsafe self.raw = raw }

  deinit { unsafe X509_free(raw) }

  var fields: CertificateFields { unsafe CertificateFields(raw) }
}

/// What is read out of a certificate that somebody else keeps alive meanwhile.
@unsafe struct CertificateFields {
  /// An `X509 *`.
  let raw: OpaquePointer

  init(_ raw: OpaquePointer) { unsafe self.raw = raw }

  /// SHA-256 of the DER form.
  var fingerprint: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 32)
    var length: UInt32 = 32
    // SHA-256 writes 32 bytes.
    let result = unsafe X509_digest(raw, EVP_sha256(), &bytes, &length)
    precondition(result == 1 && length == 32, "no SHA-256 of a certificate")
    return bytes
  }

  /// The serial number in upper-case hexadecimal, without leading zeros.
  var serialNumber: String {
    guard let number = unsafe ASN1_INTEGER_to_BN(X509_get0_serialNumber(raw), nil) else {
      return ""
    }
    defer { unsafe BN_free(number) }
    guard let text = unsafe BN_bn2hex(number) else { return "" }
    // OpenSSL allocated a terminated text for us.
    defer { unsafe CRYPTO_free(text, "", 0) }
    return unsafe String(cString: text)
  }

  /// The subject's distinguished name as RFC 2253 writes it; empty where it is.
  var subject: String {
    guard unsafe X509_NAME_entry_count(X509_get_subject_name(raw)) > 0 else { return "" }
    guard let bio = unsafe BIO_new(BIO_s_mem()) else { return "" }
    defer { unsafe BIO_free(bio) }
    let flags = pl_x509_name_rfc2253
    unsafe X509_NAME_print_ex(bio, X509_get_subject_name(raw), 0, flags)
    return unsafe String(decoding: MemoryBIO.contents(of: bio), as: UTF8.self)
  }

  var hasSubject: Bool { unsafe X509_NAME_entry_count(X509_get_subject_name(raw)) > 0 }

  /// Nanoseconds since the epoch.
  var notBefore: UInt64 { unsafe nanoseconds(X509_get0_notBefore(raw)) }
  var notAfter: UInt64 { unsafe nanoseconds(X509_get0_notAfter(raw)) }

  /// Times before 1970 are 0, those after 2554, which no UInt64 of nanoseconds holds, its maximum.
  private func nanoseconds(_ time: UnsafePointer<ASN1_TIME>?) -> UInt64 {
    // All of its members are numbers or null.
    var parts = unsafe tm()
    // `parts` is a whole tm; a time that can't be read counts as the epoch, which is expired.
    guard unsafe ASN1_TIME_to_tm(time, &parts) == 1 else { return 0 }
    let seconds = unsafe timegm(&parts)
    guard seconds > 0 else { return 0 }
    let (value, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? .max : value
  }
}
