internal import Glibc
package import Kernel

/// Why the kernel's ruleset could not be read.
package enum DumpError: Error, Hashable, Sendable {
  /// CAP_NET_ADMIN is missing in the user namespace that owns the network namespace: reading needs
  /// it as writing does.
  case notPermitted
  /// The kernel has no nf_tables.
  case unsupported
  /// Each time it was read, somebody changed it meanwhile.
  case unsteady(attempts: Int)
  /// The kernel refused a question.
  case refused(what: String, Errno)
  /// An answer that can't be understood.
  case unreadable(what: String)
  /// There was no way to ask.
  case transport(TransactionError)
}

extension DumpError: CustomStringConvertible {
  /// One sentence without a full stop.
  package var description: String {
    switch self {
    case .notPermitted:
      "no permission to read the ruleset of this network namespace: CAP_NET_ADMIN is needed"
    case .unsupported:
      "the kernel lacks nf_tables: it must be built with CONFIG_NF_TABLES"
    case .unsteady(let attempts):
      "the ruleset was changed by others during each of \(attempts) attempts to read it"
    case .refused(let what, let errno):
      "the kernel refused to list \(what): \(errno)"
    case .unreadable(let what):
      "the kernel's list of \(what) can't be understood"
    case .transport(let error):
      error.description
    }
  }
}
