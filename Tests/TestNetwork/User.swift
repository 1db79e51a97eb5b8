/// Who a program runs as: its uid and gid, and what it may do beyond that.
package struct User: Sendable {
  /// The command line that turns a root process into this user.
  let prefix: [String]

  /// Root with everything: who builds the network.
  package static let root = User(prefix: [])

  /// Root with CAP_NET_ADMIN alone and no way to more, as an init container runs.
  package static let initContainer = User(prefix: [
    "setpriv", "--bounding-set", "-all,+net_admin", "--inh-caps=-all", "--no-new-privs",
  ])

  /// The proxy's uid, 1337, without capabilities.
  package static let proxy = unprivileged(1337)

  /// The proxy's uid with CAP_NET_ADMIN, for transparent listeners.
  package static let transparentProxy = User(prefix: [
    "setpriv", "--reuid=1337", "--regid=1337", "--clear-groups", "--inh-caps=-all,+net_admin",
    "--ambient-caps=-all,+net_admin", "--bounding-set=-all,+net_admin", "--no-new-privs",
  ])

  /// The workload's uid, 1000, without capabilities.
  package static let workload = unprivileged(1000)

  /// The workload's uid with CAP_NET_RAW left in, as a pod has it that drops nothing.
  package static let rawSockets = User(prefix: [
    "setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "--inh-caps=-all,+net_raw",
    "--ambient-caps=-all,+net_raw", "--bounding-set=-all,+net_raw", "--no-new-privs",
  ])

  /// The same user, served by the scheduler before everyone else: for measuring what a program takes,
  /// not what the machine's other work adds.
  package var first: User { User(prefix: ["nice", "-n", "-20"] + prefix) }

  /// Any uid (and the same gid) without capabilities, unable to gain any.
  package static func unprivileged(_ uid: Int) -> User {
    User(prefix: [
      "setpriv", "--reuid=\(uid)", "--regid=\(uid)", "--clear-groups", "--inh-caps=-all",
      "--bounding-set=-all", "--no-new-privs",
    ])
  }
}
