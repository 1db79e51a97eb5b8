import Policy
import Synchronization

/// The policy in force, handed from the control thread to the workers.
final class PublishedPolicy: Sendable {
  private let current = Mutex<Ruleset?>(nil)
  private let counter = Atomic<Int>(0)

  init() {}

  /// From any thread. Workers take it between two batches.
  func publish(_ ruleset: Ruleset) {
    current.withLock { $0 = ruleset }
    counter.add(1, ordering: .releasing)
  }

  /// Changes with every publication; 0 before the first. Cheap enough for every batch.
  var generation: Int { counter.load(ordering: .acquiring) }

  var ruleset: Ruleset? { current.withLock { $0 } }
}
