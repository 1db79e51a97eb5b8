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
    try openssl(
      "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
      "-out", request, "-subj", "/CN=\(names.first ?? "server")")
    try openssl(
      "x509", "-req", "-in", request, "-CA", made.certificate, "-CAkey", made.key,
      "-set_serial", "0x\(UUID().uuidString.prefix(8))", "-days", "2", "-extfile", extensions,
      "-out", certificate)
    return (certificate, key)
  }

  private static let made: (certificate: String, key: String) = {
    let directory = Scratch.makeDirectory("ca")
    let paths = (certificate: "\(directory)/ca.crt", key: "\(directory)/ca.key")
    try? openssl(
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
      paths.key, "-out", paths.certificate, "-subj", "/CN=portarium test CA", "-days", "2")
    return paths
  }()

  private static func openssl(_ arguments: String...) throws(TestNetworkError) {
    try RunningProcess(["openssl"] + arguments).wait().checked()
  }
}
