internal import COpenSSL

/// Roots that chains may lead to. Made once and then only read, by any number of threads at a time:
/// a verification takes no copy of it.
///
/// Sendable: an `X509_STORE` guards its list with a lock of its own, and nothing is added after
/// `init`.
@safe final class CertificateStore: @unchecked Sendable {
  /// An `X509_STORE *`, valid as long as this object.
  let raw: OpaquePointer
  let count: Int

  init(_ certificates: [Certificate]) throws(SVIDError) {
    guard let store = unsafe X509_STORE_new() else {
      throw .library(reason: ErrorQueue.takeText())
    }
    unsafe raw = store
    count = certificates.count
    for certificate in certificates {
      // The store takes a reference of its own; one that is in it already is no failure.
      guard unsafe X509_STORE_add_cert(store, certificate.raw) == 1 else {
        throw .library(reason: ErrorQueue.takeText())
      }
    }
  }

  deinit { unsafe X509_STORE_free(raw) }
}
