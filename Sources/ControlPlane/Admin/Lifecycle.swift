import Synchronization

/// Where the sidecar stands between start and end. Any thread may read it or move it on.
package final class Lifecycle: Sendable {
  /// Each state is entered at most once, in this order; any may be skipped.
  package enum State: UInt8, CaseIterable, Comparable, Sendable {
    /// The workers don't listen yet or no policy is published.
    case initializing
    case ready
    /// Nothing new is accepted; what is in flight may finish.
    case draining
    /// Every worker has ended.
    case stopped

    /// As `/healthz` and `/status` spell it.
    package var name: String {
      switch self {
      case .initializing: "initializing"
      case .ready: "ready"
      case .draining: "draining"
      case .stopped: "stopped"
      }
    }

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  }

  private let storage = Atomic<UInt8>(State.initializing.rawValue)

  package init() {}

  package var state: State { State(rawValue: storage.load(ordering: .acquiring)) ?? .stopped }

  /// Enters `next`. False, and nothing changes, where that or a later state was entered already:
  /// a late "ready" doesn't undo a drain.
  @discardableResult
  package func advance(to next: State) -> Bool {
    var current = storage.load(ordering: .acquiring)
    while current < next.rawValue {
      let (exchanged, original) = storage.compareExchange(
        expected: current, desired: next.rawValue, ordering: .acquiringAndReleasing)
      if exchanged { return true }
      current = original
    }
    return false
  }
}
