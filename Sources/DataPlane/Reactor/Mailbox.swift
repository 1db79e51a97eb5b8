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
  private let answers = Mutex<[Resolver.Answer]>([])

  init() throws(Errno) { wakeUp = try WakeUp() }

  var phase: Phase { wanted.load(ordering: .acquiring) }

  func ask(for phase: Phase) {
    wanted.store(phase, ordering: .releasing)
    wakeUp.signal()
  }

  /// By a thread of the resolver.
  func deliver(_ answer: Resolver.Answer) {
    answers.withLock { $0.append(answer) }
    wakeUp.signal()
  }

  /// By the worker, once it was woken.
  func takeAnswers() -> [Resolver.Answer] {
    answers.withLock { held in
      defer { held = [] }
      return held
    }
  }
}
