import Synchronization

/// How the policy in force came to be, for `/status`, metrics and log. Any thread may read it; the
/// control thread writes it.
package final class ReloadStatus: Sendable {
  /// What is known at one time.
  package struct Snapshot: Sendable, Equatable {
    /// Of the document whose policy is in force: 1 for the one that the process started with, one
    /// more with each that took its place.
    package var generation = 1
    /// When that policy took effect, in nanoseconds since the Unix epoch.
    package var loadedAt: UInt64
    /// When a document was last read, whatever came of it; nanoseconds since the Unix epoch.
    package var lastAttemptAt: UInt64
    /// What was wrong with it, in one line; nil where nothing was. Never holds a value that looks
    /// like a secret.
    package var lastError: String?
    /// Documents that took effect since the start, the first one left out.
    package var successes: UInt64 = 0
    /// Documents that changed nothing because something was wrong with them.
    package var failures: UInt64 = 0
    /// The keys in which the last good document differs from what the process runs with, and which
    /// only a restart brings into force; in the order of the documentation.
    package var restartNeeded: [String] = []
  }

  private let state: Mutex<Snapshot>

  /// - Parameter loadedAt: when the first policy took effect, in nanoseconds since the Unix epoch.
  package init(loadedAt: UInt64) {
    state = Mutex(Snapshot(loadedAt: loadedAt, lastAttemptAt: loadedAt))
  }

  package var now: Snapshot { state.withLock { $0 } }

  func succeeded(at time: UInt64, restartNeeded: [String]) {
    state.withLock {
      $0.generation += 1
      $0.successes += 1
      $0.loadedAt = time
      $0.lastAttemptAt = time
      $0.lastError = nil
      $0.restartNeeded = restartNeeded
    }
  }

  /// The document is the one in force, or no different from it.
  func stayed(at time: UInt64) {
    state.withLock {
      $0.lastAttemptAt = time
      $0.lastError = nil
    }
  }

  func failed(at time: UInt64, _ sentence: String) {
    state.withLock {
      $0.failures += 1
      $0.lastAttemptAt = time
      $0.lastError = sentence
    }
  }
}
