internal import Capture

/// What `apply` says of connections that were there before it.
struct ExistingConnectionsNote {
  /// How many were kept.
  let kept: Int
  let cut: Result<ExistingConnections.Cut, ConnectionError>

  /// Goes on after the line on what is in force; empty where there were none.
  var clause: String {
    if kept > 0 { return "; kept \(Self.older(kept))" }
    if case .success(.closed(let count)) = cut, count > 0 { return "; cut \(Self.older(count))" }
    return ""
  }

  /// One sentence without a full stop, where they could not be closed at once.
  var warning: String? {
    let reason =
      switch cut {
      case .success(.closed): nil as String?
      case .success(.unavailable(let option)): "the kernel is built without \(option)"
      case .failure(let error): error.description
      }
    return reason.map {
      "older connections, if there are any, end when they speak next, not at once: \($0)"
    }
  }

  private static func older(_ count: Int) -> String {
    count == 1 ? "1 older connection" : "\(count) older connections"
  }
}
