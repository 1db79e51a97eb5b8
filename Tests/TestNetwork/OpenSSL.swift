/// The command line of OpenSSL, with which the tests make their certificates.
enum OpenSSL {
  static func run(_ arguments: [String]) throws(TestNetworkError) {
    try RunningProcess(["openssl"] + arguments).wait().checked()
  }

  /// Arguments of `req` that make a P-256 key in the clear.
  static func newKey(at path: String) -> [String] {
    ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path]
  }
}
