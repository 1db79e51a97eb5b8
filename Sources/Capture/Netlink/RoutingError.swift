internal import Glibc
package import Kernel

/// Why the kernel's routing can't be read or isn't as it should be.
package enum RoutingError: Error, Hashable, Sendable {
  /// CAP_NET_ADMIN is missing in the user namespace that owns the network namespace.
  case notPermitted
  /// The kernel lacks something: what, and the option that it must be built with.
  case unsupported(feature: String, option: String)
  /// IPv6 is switched off for `lo`, where captured packets must arrive, but not for all interfaces
  /// that they come from.
  case ipv6OffOnLoopback
  /// The network namespace has no loopback interface.
  case noLoopback
  /// Each of some attempts to list something met a change of somebody else's.
  case unsteady(what: String)
  /// The kernel refused one change or question.
  case refused(what: String, Errno, explanation: String?)
  /// A system call failed before there was an answer.
  case system(call: String, Errno)
}

extension RoutingError: CustomStringConvertible {
  /// One sentence without a full stop.
  package var description: String {
    switch self {
    case .notPermitted:
      "no permission to change the routing of this network namespace: CAP_NET_ADMIN is needed"
    case .unsupported(let feature, let option):
      "the kernel lacks \(feature): it must be built with \(option)"
    case .ipv6OffOnLoopback:
      "IPv6 is switched off on lo but not on the interfaces that are captured: switch it on there "
        + "(net.ipv6.conf.lo.disable_ipv6=0), or off on all of them"
    case .noLoopback:
      "this network namespace has no loopback interface"
    case .unsteady(let what):
      "\(what) changed each time they were listed"
    case .refused(let what, let errno, let explanation):
      "the kernel refused \(what): \(errno)\(explanation.map { " (\($0))" } ?? "")"
    case .system(let call, let errno):
      "\(call) failed: \(errno)"
    }
  }
}

extension RoutingError {
  /// - Parameter what: completes "the kernel refused".
  init(_ failure: NetlinkFailure, what: String) {
    switch failure.errno.code {
    case EPERM: self = .notPermitted
    default:
      self = .refused(what: what, failure.errno, explanation: failure.explanation)
    }
  }

  /// Whether the kernel said that it has nothing of the kind for the family.
  var meansNoSuchFamily: Bool {
    guard case .refused(_, let errno, _) = self else { return false }
    return errno.code == EAFNOSUPPORT || errno.code == EOPNOTSUPP
  }
}
