internal import COpenSSL
internal import Kernel

/// The authorities of the web's kind that a server's chain may lead to. Loaded once and shared; any
/// thread may use it.
package final class RootStore: Sendable {
  let store: CertificateStore

  package var rootCount: Int { store.count }

  /// One's own authorities; they need not be signed by themselves.
  package init(pem: [UInt8]) throws(SVIDError) {
    store = try CertificateStore(Certificate.all(pem: pem))
  }
}
