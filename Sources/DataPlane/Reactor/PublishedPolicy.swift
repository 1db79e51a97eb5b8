import Policy
import Synchronization

/// What is in force, handed from the control thread to the workers: the policies, and who we are.
final class PublishedPolicy: Sendable {
  /// What a worker goes by from the next batch on.
  struct Publication: Sendable {
    /// Nil before the first.
    var ruleset: Ruleset?
    /// Nil where nothing but the rules has changed.
    var options: EgressOptions?
    /// Nil where nothing from outside is accepted, and before the first.
    var inbound: InboundPolicy?
    /// Nil where there is none, or none any more.
    var identity: IdentitySnapshot?
    /// Publications so far by which connections that are open are judged again.
    var rechecks = 0
  }

  private let current = Mutex(Publication())
  private let counter = Atomic<Int>(0)

  init() {}

  /// From any thread. Workers take it between two batches; one that has not taken the publication
  /// before never sees it, but what that asked for is done by this one.
  func publish(
    _ ruleset: Ruleset, options: EgressOptions? = nil, inbound: InboundPolicy? = nil,
    rechecks: Bool = false
  ) {
    current.withLock {
      $0.ruleset = ruleset
      $0.options = options ?? $0.options
      $0.inbound = inbound
      $0.rechecks += rechecks ? 1 : 0
    }
    counter.add(1, ordering: .releasing)
  }

  /// From any thread; nil withdraws what was there.
  func publish(identity: IdentitySnapshot?) {
    current.withLock { $0.identity = identity }
    counter.add(1, ordering: .releasing)
  }

  /// Changes with every publication; 0 before the first. Cheap enough for every batch.
  var generation: Int { counter.load(ordering: .acquiring) }

  var latest: Publication { current.withLock { $0 } }
}
