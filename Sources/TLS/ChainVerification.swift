internal import Addressing
internal import COpenSSL
internal import Glibc

/// Which side of a connection a certificate was presented by.
package enum PeerRole: Sendable, Hashable, CaseIterable {
  case client
  case server
}

/// One walk from a leaf to a root (RFC 5280 §6), by OpenSSL, at a time that is an argument.
struct ChainVerification {
  /// Signing certificates between leaf and root that are followed. Nested SPIRE servers make
  /// three or four.
  static let maximumIntermediates: Int32 = 8
  /// 112 bits: RSA of 2,048 bits, P-224, SHA-224. Set here so that no configuration of the system
  /// lowers it.
  static let securityLevel: Int32 = 2

  /// What the leaf must be called, where that is OpenSSL's to check.
  enum Name {
    case any
    case host(HostName)
    case address(IPAddress)
  }

  let store: CertificateStore
  let role: PeerRole
  /// Nanoseconds since the epoch.
  let time: UInt64
  var name = Name.any
  /// Whether signing certificates follow the rules for SVIDs too.
  var isSVID: Bool

  /// - Parameters:
  ///   - leaf: an `X509 *`.
  ///   - others: a stack of what was presented, or null. Both live as long as the call.
  @unsafe func run(leaf: OpaquePointer, others: OpaquePointer?) throws(PeerError) {
    guard let context = unsafe X509_STORE_CTX_new() else {
      throw .unverified(X509_V_ERR_OUT_OF_MEM)
    }
    // Freed before the store, the leaf and the stack, none of which it owns.
    defer { unsafe X509_STORE_CTX_free(context) }
    guard unsafe X509_STORE_CTX_init(context, store.raw, leaf, others) == 1,
      let parameters = unsafe X509_STORE_CTX_get0_param(context), unsafe set(parameters)
    else {
      _ = ErrorQueue.take()
      throw .unverified(X509_V_ERR_UNSPECIFIED)
    }
    let result = unsafe X509_verify_cert(context)
    ErrorQueue.clear()
    if result != 1 {
      throw unsafe reason(context)
    }
    if isSVID { try unsafe SignerRules.check(chain: X509_STORE_CTX_get0_chain(context)) }
  }

  /// Why a walk has failed. `context` is the `X509_STORE_CTX *` of it.
  private func reason(_ context: OpaquePointer) -> PeerError {
    let code = unsafe X509_STORE_CTX_get_error(context)
    let depth = Int(unsafe X509_STORE_CTX_get_error_depth(context))
    // For OpenSSL an authority that may not sign certificates is none.
    if code == X509_V_ERR_INVALID_CA,
      let certificate = unsafe X509_STORE_CTX_get_current_cert(context),
      unsafe X509_get_extension_flags(certificate) & UInt32(EXFLAG_CA) != 0
    {
      return .signerKeyUsage
    }
    return PeerError(verifyError: code, depth: depth)
  }

  private func set(_ parameters: OpaquePointer) -> Bool {
    let isServer = role == .server
    let purpose = isServer ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT
    let seconds = time_t(clamping: time / 1_000_000_000)
    unsafe X509_VERIFY_PARAM_set_time(parameters, seconds)
    unsafe X509_VERIFY_PARAM_set_depth(parameters, Self.maximumIntermediates)
    unsafe X509_VERIFY_PARAM_set_auth_level(parameters, Self.securityLevel)
    // A root need not be signed by itself: a bundle says where trust begins.
    guard unsafe X509_VERIFY_PARAM_set_flags(parameters, UInt(X509_V_FLAG_PARTIAL_CHAIN)) == 1,
      unsafe X509_VERIFY_PARAM_set_purpose(parameters, purpose) == 1
    else { return false }
    switch name {
    case .any: return true
    case .host(let host):
      unsafe X509_VERIFY_PARAM_set_hostflags(
        parameters,
        // A common name is no host name (RFC 9525 §2).
        UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT))
      let text = host.description
      return unsafe X509_VERIFY_PARAM_set1_host(parameters, text, text.utf8.count) == 1
    case .address(let address):
      return unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, address.canonical.description) == 1
    }
  }
}
