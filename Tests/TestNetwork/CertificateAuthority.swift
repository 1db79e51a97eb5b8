import Foundation

/// The certificate authority of this test run, and the server certificates it has signed.
package enum CertificateAuthority {
  /// The authority's certificate, PEM; what clients are told to trust.
  package static let certificatePath: String = made.certificate

  /// A certificate and its key for a server with these DNS names and IP addresses.
  package static func server(
    _ names: [String]
  ) throws(TestNetworkError) -> (certificate: String, key: String) {
    let directory = Scratch.makeDirectory("tls")
    let key = "\(directory)/server.key"
    let request = "\(directory)/server.csr"
    let certificate = "\(directory)/server.crt"
    let extensions = Scratch.file(
      "extensions",
      "subjectAltName="
        + names.map { $0.contains(":") || Int($0.suffix(1)) != nil ? "IP:\($0)" : "DNS:\($0)" }
        .joined(separator: ","))
    try OpenSSL.run(
      ["req"] + OpenSSL.newKey(at: key) + [
        "-out", request, "-subj", "/CN=\(names.first ?? "server")",
      ])
    try OpenSSL.run([
      "x509", "-req", "-in", request, "-CA", made.certificate, "-CAkey", made.key,
      "-set_serial", "0x\(UUID().uuidString.prefix(8))", "-days", "2", "-extfile", extensions,
      "-out", certificate,
    ])
    return (certificate, key)
  }

  private static let made: (certificate: String, key: String) = {
    let directory = Scratch.makeDirectory("ca")
    let paths = (certificate: "\(directory)/ca.crt", key: "\(directory)/ca.key")
    try? OpenSSL.run(
      ["req", "-x509"] + OpenSSL.newKey(at: paths.key) + [
        "-out", paths.certificate, "-subj", "/CN=portarium test CA", "-days", "2",
      ])
    return paths
  }()
}
