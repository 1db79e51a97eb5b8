package import Kernel

/// Why older connections could not be found, kept or closed.
package enum ConnectionError: Error, Hashable, Sendable {
  /// CAP_NET_ADMIN is missing in the user namespace that owns the network namespace.
  case notPermitted
  /// The kernel lacks something: what, and the option that it must be built with.
  case unsupported(feature: String, option: String)
  case refused(what: String, Errno)
  case system(call: String, Errno)
}

extension ConnectionError: CustomStringConvertible {
  /// One sentence without a full stop.
  package var description: String {
    switch self {
    case .notPermitted:
      "no permission to change connections of this network namespace: CAP_NET_ADMIN is needed"
    case .unsupported(let feature, let option):
      "the kernel lacks \(feature): it must be built with \(option)"
    case .refused(let what, let errno): "the kernel refused \(what): \(errno)"
    case .system(let call, let errno): "\(call) failed: \(errno)"
    }
  }
}
