package import Kernel

/// Who asks on the admin port, found out once for each connection.
package enum AdminCaller: Sendable {
  /// The uid whose socket is at the other end.
  case local(uid: UInt32)
  case unknown(PeerFailure)
}

/// Who may ask for everything on the admin port. Whoever may not is still told how the sidecar is and
/// what it denied.
package struct AdminAccess: Sendable {
  /// Root, the sidecar's own uid and those that the document names.
  private let uids: Set<UInt32>

  package init(ownUID: UInt32, allowing others: [UInt32] = []) {
    uids = Set(others).union([0, ownUID])
  }

  /// Why the caller gets no answer; nil where it does.
  ///
  /// - Parameter isForEveryone: any uid of this host may ask.
  func refusal(of caller: AdminCaller, _ path: String, isForEveryone: Bool) -> String? {
    switch caller {
    case .local(let uid):
      if isForEveryone || uids.contains(uid) { return nil }
      return
        "uid \(uid) may not ask for \(path): admin.allowUIDs in the configuration names who may"
    case .unknown(let failure): return failure.sentence
    }
  }
}

extension PeerFailure {
  fileprivate var sentence: String {
    switch self {
    case .notLoopback(let peer):
      "this connection comes from \(peer): the admin port answers this host's loopback alone"
    case .redirected(let original):
      "this connection was on its way to \(original): the admin port answers none that is redirected"
    case .gone: "whoever made this connection has closed it: nobody can tell whose it was"
    case .unavailable(let errno):
      "the kernel doesn't tell whose this connection is (\(errno)): the admin port answers nobody "
        + "whom it doesn't know, the health port does"
    }
  }
}
