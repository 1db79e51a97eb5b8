internal import Addressing
internal import COpenSSL

/// What must hold of an SVID's leaf by itself, whoever signed it (X.509-SVID §2 to §5.2).
enum LeafRules {
  /// Checks the rules in the order of the document; the first that is broken counts.
  ///
  /// - Parameter raw: an `X509 *` that lives as long as the call.
  @unsafe static func check(_ raw: OpaquePointer) throws(PeerError) -> SPIFFEID {
    let flags = unsafe X509_get_extension_flags(raw)
    guard flags & UInt32(EXFLAG_INVALID) == 0 else { throw .malformedCertificate }
    let names = try unsafe SubjectNames.read(raw)
    let id = try names.onlyID()
    guard !id.path.isEmpty else { throw .noPath }
    if !names.isCritical, unsafe !CertificateFields(raw).hasSubject { throw .nameNotCritical }
    guard flags & UInt32(EXFLAG_CA) == 0 else { throw .authority }
    try unsafe checkKeyUsage(raw, flags)
    try unsafe checkExtendedKeyUsage(raw, flags)
    return id
  }

  /// §4.3
  private static func checkKeyUsage(_ raw: OpaquePointer, _ flags: UInt32) throws(PeerError) {
    guard flags & UInt32(EXFLAG_KUSAGE) != 0 else { throw .noKeyUsage }
    let usage = unsafe X509_get_key_usage(raw)
    guard usage & UInt32(KU_KEY_CERT_SIGN) == 0 else { throw .signsCertificates }
    guard usage & UInt32(KU_CRL_SIGN) == 0 else { throw .signsRevocationLists }
    guard usage & UInt32(KU_DIGITAL_SIGNATURE) != 0 else { throw .noDigitalSignature }
    let place = unsafe X509_get_ext_by_NID(raw, NID_key_usage, -1)
    guard place >= 0, unsafe X509_EXTENSION_get_critical(X509_get_ext(raw, place)) == 1 else {
      throw .keyUsageNotCritical
    }
  }

  /// §4.4: need not be there, but names both sides where it is.
  private static func checkExtendedKeyUsage(
    _ raw: OpaquePointer, _ flags: UInt32
  ) throws(PeerError) {
    guard flags & UInt32(EXFLAG_XKUSAGE) != 0 else { return }
    let both = UInt32(XKU_SSL_SERVER) | UInt32(XKU_SSL_CLIENT)
    guard unsafe X509_get_extended_key_usage(raw) & both == both else { throw .extendedKeyUsage }
  }
}
