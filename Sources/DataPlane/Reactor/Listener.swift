import Addressing
import Kernel
import Synchronization

/// A socket that redirected connections arrive at.
final class Listener: Sendable {
  let descriptor: Descriptor
  /// Where it is bound: an address of its own, never a wildcard, so that it is the local address
  /// of every connection it accepts.
  let endpoint: Endpoint

  init(_ endpoint: Endpoint, sharing: Bool) throws(Errno) {
    descriptor = try Descriptor.listening(on: endpoint, sharing: sharing)
    self.endpoint = endpoint
  }
}

/// A worker's listeners on their way to its thread. They are taken out, not copied: the thread's
/// closure lives as long as the thread, and would keep them open while the worker drains.
final class Handover: Sendable {
  private let listeners: Mutex<[Listener]>

  init(_ listeners: [Listener]) { self.listeners = Mutex(listeners) }

  func take() -> [Listener] {
    listeners.withLock { held in
      defer { held = [] }
      return held
    }
  }
}
