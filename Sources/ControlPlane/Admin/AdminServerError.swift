/// Why the admin server does not listen. Each ends the start of the sidecar.
package enum AdminServerError: Error, Equatable, CustomStringConvertible {
  case portInUse(address: String, port: UInt16)
  /// A port below 1024 without the privilege for it.
  case permissionDenied(address: String, port: UInt16)
  /// `code` is the errno; 0 where the failure had none.
  case cannotListen(address: String, port: UInt16, code: Int32)

  package var description: String {
    switch self {
    case .portInUse(let address, let port):
      "Port \(port) on \(address) is in use by another process."
    case .permissionDenied(let address, let port):
      "Listening on port \(port) of \(address) is not permitted."
    case .cannotListen(let address, let port, let code):
      "Listening on port \(port) of \(address) failed with errno \(code)."
    }
  }
}
