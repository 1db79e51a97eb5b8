import Kernel
import Synchronization

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
