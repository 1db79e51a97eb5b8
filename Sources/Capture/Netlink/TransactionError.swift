internal import Glibc
package import Kernel

/// Why the kernel's ruleset is as it was before.
package enum TransactionError: Error, Hashable, Sendable {
  /// CAP_NET_ADMIN is missing in the user namespace that owns the network namespace.
  case notPermitted
  /// The kernel lacks something: what, and the option that it must be built with.
  case unsupported(feature: String, option: String)
  /// The kernel refused one message of the transaction.
  case refused(what: String, Errno, explanation: String?)
  /// A system call failed before there was an answer.
  case system(call: String, Errno)
  /// A transaction goes to the kernel in one piece, and the socket may not hold that much.
  case tooLarge(bytes: Int)
  /// The document wants frames guarded, and the devices can't be.
  case framesNotGuarded(FrameGuardObstacle)
  /// libnftnl had no memory for an object, or doesn't know it.
  case library(String)
}

extension TransactionError: CustomStringConvertible {
  /// One sentence without a full stop.
  package var description: String {
    switch self {
    case .notPermitted:
      "no permission to change the ruleset of this network namespace: CAP_NET_ADMIN is needed"
    case .unsupported(let feature, let option):
      "the kernel lacks \(feature): it must be built with \(option)"
    case .refused(let what, let errno, let explanation):
      "the kernel refused \(what): \(errno)\(explanation.map { " (\($0))" } ?? "")"
    case .system(let call, let errno):
      "\(call) failed: \(errno)"
    case .tooLarge(let bytes):
      "the ruleset's \(bytes) bytes don't fit into a netlink message: in a user namespace "
        + "net.core.wmem_max limits it; raise that, or name fewer blocks"
    case .framesNotGuarded(let obstacle):
      "capture.rawFrames: block is not possible here: \(obstacle)"
    case .library(let what):
      "libnftnl could not make \(what)"
    }
  }
}

extension TransactionError {
  /// What the first error that the kernel reported means. `refused` is nil for the start of the
  /// batch: the kernel says there that it won't take any.
  init(
    _ failure: NetlinkFailure, refused: (operation: Operation, table: TableIdentity)?,
    expression: String?
  ) {
    switch (refused?.operation, failure.errno.code) {
    case (_, EPERM):
      self = .notPermitted
    case (nil, EOPNOTSUPP):
      self = .unsupported(feature: "nf_tables", option: "CONFIG_NF_TABLES")
    case (.addTable, EAFNOSUPPORT), (.addTable, EOPNOTSUPP),
      (.createTable, EAFNOSUPPORT), (.createTable, EOPNOTSUPP):
      let family = refused?.table.family ?? .inet
      self = .unsupported(
        feature: "tables of family \(family)",
        option: "CONFIG_NF_TABLES_\(family.rawValue.uppercased())")
    case (.addChain(let chain), EOPNOTSUPP) where chain.hook?.point == .egress:
      self = .unsupported(feature: "chains of hook egress", option: "CONFIG_NETFILTER_EGRESS")
    case (.addChain(let chain), ENOENT) where chain.hook?.kind == .nat:
      self = .unsupported(feature: "chains of type nat", option: "CONFIG_NFT_NAT")
    case (.addRule(_, let rule, let expressions), ENOENT),
      (.addRule(_, let rule, let expressions), EOPNOTSUPP):
      // Chains and sets that the rule names are in the same transaction: only an expression can
      // be what "doesn't exist".
      let names = expression.map { [$0] } ?? expressions.map(\.name).uniqued
      let options = names.map(Self.option).uniqued
      self = .unsupported(
        feature:
          "the nftables expression \(names.joined(separator: " or ")) (for the rule \"\(rule)\")",
        option: options.joined(separator: " or "))
    default:
      self = .refused(
        what: refused.map { $0.operation.description(of: $0.table) } ?? "the transaction",
        failure.errno,
        explanation: failure.explanation)
    }
  }

  /// The option behind an expression in family `inet`.
  private static func option(for expression: String) -> String {
    switch expression {
    case "ct": "CONFIG_NFT_CT"
    case "fib": "CONFIG_NFT_FIB_INET"
    case "reject": "CONFIG_NFT_REJECT_INET"
    case "redir": "CONFIG_NFT_REDIR"
    case "nat": "CONFIG_NFT_NAT"
    case "tproxy": "CONFIG_NFT_TPROXY"
    case "queue": "CONFIG_NFT_QUEUE"
    default: "CONFIG_NF_TABLES of Linux 5.2 or newer"
    }
  }
}

extension Operation {
  fileprivate func description(of table: TableIdentity) -> String {
    switch self {
    case .addTable, .createTable: "to add the table \(table)"
    case .deleteTable: "to delete the table \(table)"
    case .addSet(let set): "to add the set \(set.name)"
    case .addElements(let set): "to fill the set \(set.name)"
    case .addChain(let chain): "to add the chain \(chain.name)"
    case .addRule(let chain, let text, _): "the rule \"\(text)\" of the chain \(chain)"
    }
  }
}

extension [String] {
  fileprivate var uniqued: [String] {
    var seen: Set<String> = []
    return filter { seen.insert($0).inserted }
  }
}
