internal import Kernel

/// When a stream of the Workload API is opened again after it ended. Pure: time is an argument.
///
/// The API says that a client reconnects at once where the connection ends (SPIFFE Workload API
/// §4.2), waits longer and longer where the endpoint is unavailable, out of reach or knows of no
/// identity, and gives up where the call itself is wrong (SPIFFE Workload Endpoint §6).
struct SubscriptionState: Sendable {
  /// Nanoseconds.
  struct Pace: Hashable, Sendable {
    /// The first wait, and by how much each is longer than the one before.
    var step: UInt64 = 1_000_000_000
    var longest: UInt64 = 30_000_000_000
  }

  enum Next: Hashable, Sendable {
    case connect
    case wait(until: Instant)
    /// Nothing that this process could do helps.
    case giveUp(GRPCStatus)
  }

  private let pace: Pace
  private var began = Instant(nanoseconds: 0)
  private var hasReceived = false
  /// Attempts in a row that brought nothing.
  private(set) var failures: UInt64 = 0

  init(pace: Pace = Pace()) { self.pace = pace }

  mutating func connects(at now: Instant) {
    began = now
    hasReceived = false
  }

  /// A message came that could be used.
  mutating func received() {
    hasReceived = true
    failures = 0
  }

  mutating func ended(_ how: GRPCEnd, at now: Instant) -> Next {
    if case .status(let status) = how, status.isFinal { return .giveUp(status) }
    if hasReceived, how.isClean {
      // At once, but in no circle that turns as fast as a server that closes every stream.
      let earliest = began + pace.step
      return now < earliest ? .wait(until: earliest) : .connect
    }
    failures += 1
    return .wait(until: now + min(failures * pace.step, pace.longest))
  }
}

extension GRPCStatus {
  /// Asking again would be answered the same.
  fileprivate var isFinal: Bool { code == .invalidArgument || code == .unimplemented }
}

extension GRPCEnd {
  /// The server ended what had worked, without saying that something is wrong. One that hangs is as
  /// good as gone: another may listen there by now.
  fileprivate var isClean: Bool {
    switch self {
    case .status(let status): status.code == .ok
    case .closed, .silent: true
    case .reset, .malformed, .unreachable: false
    }
  }
}
