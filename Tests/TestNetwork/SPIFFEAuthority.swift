import Foundation

/// A trust domain's authority of this test run, and the SVIDs it has signed.
package final class SPIFFEAuthority: Sendable {
  package let trustDomain: String
  /// Its root certificate, PEM: the trust bundle.
  package let bundlePath: String
  private let keyPath: String

  /// An X.509-SVID as files.
  package struct SVID: Sendable {
    package let id: String
    /// The leaf, PEM.
    package let certificatePath: String
    /// PKCS#8, PEM. Readable by everyone, for it opens nothing but what a test made.
    package let keyPath: String
  }

  package init(trustDomain: String = "portarium.test") throws(TestNetworkError) {
    self.trustDomain = trustDomain
    let directory = Scratch.makeDirectory("spiffe-authority")
    bundlePath = "\(directory)/bundle.pem"
    keyPath = "\(directory)/authority.key"
    try OpenSSL.run(
      ["req", "-x509"] + OpenSSL.newKey(at: keyPath) + [
        "-out", bundlePath, "-subj", "/O=\(trustDomain)", "-days", "2",
        "-addext", "basicConstraints=critical,CA:TRUE",
        "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        "-addext", "subjectAltName=URI:spiffe://\(trustDomain)",
      ])
  }

  /// Signs an SVID for a path below the trust domain, such as `/ns/default/sa/client`.
  ///
  /// - Parameters:
  ///   - days: until it expires.
  ///   - directory: where its files go; nil makes a directory.
  package func svid(
    _ path: String, days: Int = 1, into directory: String? = nil
  ) throws(TestNetworkError) -> SVID {
    let directory = directory ?? Scratch.makeDirectory("svid")
    let id = "spiffe://\(trustDomain)\(path)"
    let svid = SVID(
      id: id, certificatePath: "\(directory)/svid.pem", keyPath: "\(directory)/svid.key")
    let request = "\(directory)/svid.csr"
    let extensions = Scratch.file(
      "extensions",
      """
      basicConstraints=critical,CA:FALSE
      keyUsage=critical,digitalSignature
      extendedKeyUsage=serverAuth,clientAuth
      subjectAltName=URI:\(id)
      """)
    try OpenSSL.run(
      ["req"] + OpenSSL.newKey(at: svid.keyPath) + ["-out", request, "-subj", "/O=SPIRE"])
    try OpenSSL.run([
      "x509", "-req", "-in", request, "-CA", bundlePath, "-CAkey", keyPath, "-set_serial",
      "0x\(UUID().uuidString.prefix(8))", "-days", "\(days)", "-extfile", extensions, "-out",
      svid.certificatePath,
    ])
    openToEveryone([svid.keyPath, bundlePath, svid.certificatePath])
    return svid
  }

  /// Signs one that expires within seconds.
  package func svid(_ path: String, seconds: Double) throws(TestNetworkError) -> SVID {
    let directory = Scratch.makeDirectory("svid")
    let svid = SVID(
      id: "spiffe://\(trustDomain)\(path)", certificatePath: "\(directory)/svid.pem",
      keyPath: "\(directory)/svid.key")
    try RunningProcess([
      "/usr/bin/python3", Scratch.script("short_svid.py"), bundlePath, keyPath, svid.id,
      "\(seconds)", svid.certificatePath, svid.keyPath,
    ]).wait().checked()
    openToEveryone([svid.keyPath, svid.certificatePath])
    return svid
  }

  private func openToEveryone(_ files: [String]) {
    for file in files {
      try? FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
    }
  }
}
