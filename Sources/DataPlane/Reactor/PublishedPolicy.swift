import Policy
import Synchronization

/// The policy in force, handed from the control thread to the workers.
final class PublishedPolicy: Sendable {
  /// What a worker goes by from the next batch on.
  struct Publication: Sendable {
    var ruleset: Ruleset
    /// Nil where nothing but the rules has changed.
    var options: EgressOptions?
    /// Publications so far by which connections that are open are judged again.
    var rechecks: Int
  }

  private let current = Mutex<Publication?>(nil)
  private let counter = Atomic<Int>(0)

  init() {}

  /// From any thread. Workers take it between two batches; one that has not taken the publication
  /// before never sees it, but what that asked for is done by this one.
  func publish(_ ruleset: Ruleset, options: EgressOptions? = nil, rechecks: Bool = false) {
    current.withLock {
      $0 = Publication(
        ruleset: ruleset, options: options ?? $0?.options,
        rechecks: ($0?.rechecks ?? 0) + (rechecks ? 1 : 0))
    }
    counter.add(1, ordering: .releasing)
  }

  /// Changes with every publication; 0 before the first. Cheap enough for every batch.
  var generation: Int { counter.load(ordering: .acquiring) }

  var latest: Publication? { current.withLock { $0 } }
}
