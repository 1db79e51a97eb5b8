internal import Addressing
internal import COpenSSL

/// What must hold of the certificates between an SVID's leaf and its root, beyond RFC 5280
/// (X.509-SVID §3.2, §4.3).
enum SignerRules {
  /// - Parameter chain: a verified chain, leaf first and root last; a stack of `X509 *` that lives
  ///   as long as the call.
  @unsafe static func check(chain: OpaquePointer?) throws(PeerError) {
    let count = unsafe OPENSSL_sk_num(chain)
    for index in 1..<max(1, count) {
      let certificate = unsafe OpaquePointer(OPENSSL_sk_value(chain, index)!)
      let isRoot = index == count - 1
      try unsafe checkKeyUsage(certificate, isRoot: isRoot)
      try unsafe checkID(certificate)
    }
  }

  /// A root is trusted because it is in the bundle; OpenSSL has seen to it that its key usage, where
  /// it has one, has keyCertSign.
  private static func checkKeyUsage(
    _ certificate: OpaquePointer, isRoot: Bool
  ) throws(PeerError) {
    let flags = unsafe X509_get_extension_flags(certificate)
    if isRoot, flags & UInt32(EXFLAG_KUSAGE) == 0 { return }
    // Without the extension every bit reads as set.
    guard flags & UInt32(EXFLAG_KUSAGE) != 0,
      unsafe X509_get_key_usage(certificate) & UInt32(KU_KEY_CERT_SIGN) != 0
    else { throw .signerKeyUsage }
  }

  /// A signing certificate need not have a SPIFFE ID; what it has is a trust domain's.
  private static func checkID(_ certificate: OpaquePointer) throws(PeerError) {
    let names = try unsafe SubjectNames.read(certificate)
    guard !names.uris.isEmpty else { return }
    do throws(PeerError) {
      guard try names.onlyID().path.isEmpty else { throw .signerID }
    } catch {
      throw .signerID
    }
  }
}
