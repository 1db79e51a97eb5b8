import Kernel
import Synchronization

/// The wish of another thread that the process drain, as if it had got SIGTERM.
final class DrainRequest: Sendable {
  let wakeUp: WakeUp
  private let isAsked = Atomic<Bool>(false)

  init() throws(Errno) { wakeUp = try WakeUp() }

  /// From any thread, any number of times.
  func ask() {
    isAsked.store(true, ordering: .releasing)
    wakeUp.signal()
  }

  var wasAsked: Bool { isAsked.load(ordering: .acquiring) }
}
