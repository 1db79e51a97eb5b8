import Kernel
package import Policy
import Synchronization

/// The policy in force, handed from the control thread to the workers.
package final class PublishedPolicy: Sendable {
  private let current = Mutex<Ruleset?>(nil)
  private let counter = Atomic<Int>(0)

  package init() {}

  /// From any thread. Workers take it between two batches.
  package func publish(_ ruleset: Ruleset) {
    current.withLock { $0 = ruleset }
    counter.add(1, ordering: .releasing)
  }

  /// Changes with every publication; 0 before the first. Cheap enough for every batch.
  var generation: Int { counter.load(ordering: .acquiring) }

  var ruleset: Ruleset? { current.withLock { $0 } }
}

/// What other threads want of a worker, read by it between two batches.
final class Mailbox: Sendable {
  enum Phase: Int, Comparable, AtomicRepresentable {
    case serving
    /// Take no new connection, finish those that are under way.
    case draining
    /// Close everything now.
    case stopping

    static func < (a: Phase, b: Phase) -> Bool { a.rawValue < b.rawValue }
  }

  let wakeUp: WakeUp
  private let wanted = Atomic<Phase>(.serving)

  init() throws(Errno) { wakeUp = try WakeUp() }

  var phase: Phase { wanted.load(ordering: .acquiring) }

  func ask(for phase: Phase) {
    wanted.store(phase, ordering: .releasing)
    wakeUp.signal()
  }
}
