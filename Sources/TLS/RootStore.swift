internal import COpenSSL
internal import Kernel

/// The authorities of the web's kind that a server's chain may lead to. Loaded once and shared; any
/// thread may use it.
package final class RootStore: Sendable {
  let store: CertificateStore

  package var rootCount: Int { store.count }

  /// Where distributions keep the authorities that they trust, in one file.
  package static let systemPaths = [
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
  ]

  /// The authorities that the system trusts. Reads a file.
  package static func system() throws(SVIDError) -> RootStore {
    for path in systemPaths {
      if let text = try? SmallFile.read(path, maximumBytes: Certificate.maximumBytes) {
        return try RootStore(pem: Array(text.utf8))
      }
    }
    throw .noCertificate
  }

  /// One's own authorities; they need not be signed by themselves.
  package init(pem: [UInt8]) throws(SVIDError) {
    store = try CertificateStore(Certificate.all(pem: pem))
  }
}
