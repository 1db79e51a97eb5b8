internal import Addressing
internal import Kernel
internal import TLS

/// Where an identity lies in files, all of them PEM.
package struct SVIDFiles: Sendable, Equatable {
  /// The SVID's chain, the leaf first.
  package var certificatePath: String
  /// Its private key, not encrypted.
  package var keyPath: String
  /// The roots of the SVID's own trust domain.
  package var bundlePath: String
  /// How often the files are looked at where nothing tells that they have changed; nanoseconds.
  package var checkInterval: UInt64

  /// Bytes of the longest file that is read.
  static let longest = 1 << 20

  package init(
    certificatePath: String, keyPath: String, bundlePath: String, checkInterval: UInt64
  ) {
    self.certificatePath = certificatePath
    self.keyPath = keyPath
    self.bundlePath = bundlePath
    self.checkInterval = checkInterval
  }

  var paths: [String] { [certificatePath, keyPath, bundlePath] }

  /// The states that the files are in, by which a change is noticed; nil for one that can't be looked
  /// at.
  func versions() -> [SecretFile.Version?] { paths.map { try? SecretFile.version(of: $0) } }
}

/// What all of the files held at one time.
struct SVIDFileSet {
  private let chain: SecretBytes
  private let key: SecretBytes
  private let bundle: SecretBytes

  private static let attempts = 16

  /// Reads them anew for as long as one of them changes meanwhile: a certificate of before and a key
  /// of after would be none of anything.
  ///
  /// - Parameter meanwhile: called between the reading and the look at what has changed, for tests.
  init(_ files: SVIDFiles, meanwhile: (Int) -> Void = { _ in }) throws(IdentityFailure) {
    for attempt in 0..<Self.attempts {
      let chain = try Self.read(files.certificatePath)
      let key = try Self.read(files.keyPath)
      let bundle = try Self.read(files.bundlePath)
      meanwhile(attempt)
      guard files.versions() == [chain.version, key.version, bundle.version] else { continue }
      self.chain = chain.bytes
      self.key = key.bytes
      self.bundle = bundle.bytes
      return
    }
    throw .unsettled
  }

  /// - Parameter time: nanoseconds since the Unix epoch.
  func identity(at time: UInt64) throws(IdentityFailure) -> Identity {
    let svid: X509SVID
    let roots: TrustBundle
    do throws(SVIDError) {
      svid = try key.withArray(0..<key.count) { key throws(SVIDError) in
        try X509SVID(chainPEM: chain.copy(0..<chain.count), keyPEM: key)
      }
    } catch {
      throw .svid(error)
    }
    do throws(SVIDError) {
      roots = try TrustBundle(pem: bundle.copy(0..<bundle.count))
    } catch {
      throw .bundle(error)
    }
    return try Identity(
      svid, TrustBundles([svid.id.trustDomain: roots]), source: .files, at: time)
  }

  private static func read(
    _ path: String
  ) throws(IdentityFailure) -> (bytes: SecretBytes, version: SecretFile.Version) {
    do throws(Errno) {
      return try SecretFile.read(path, maximumBytes: SVIDFiles.longest)
    } catch {
      throw error == .fileTooLarge ? .tooLong(path: path) : .unreadable(path: path, error)
    }
  }
}
