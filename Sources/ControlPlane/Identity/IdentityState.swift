import Synchronization

/// What the process proves itself with, and how that came to be: for `/identity`, `/status`,
/// `/readyz`, metrics and log. Any thread may read it; the source's thread changes it.
package final class IdentityState: Sendable {
  /// What is known at one time.
  package struct Snapshot: Sendable {
    /// Nil until there is one, and after it was withdrawn. May have expired.
    package var identity: Identity?
    /// What was wrong when the source was heard last, in one line; nil where nothing was. Holds
    /// nothing of a key.
    package var lastError: String?
    /// When that was, in nanoseconds since the Unix epoch.
    package var lastErrorAt: UInt64?
    /// Identities that took effect, the first one included.
    package var successes: UInt64 = 0
    /// What could not be used, and times that the source could not be reached.
    package var failures: UInt64 = 0
    /// Times that the source took the identity back.
    package var withdrawals: UInt64 = 0
    /// The source is being heard: the stream of SVIDs is open, or the files are looked at.
    package var isConnected = false
    /// The source said that asking again makes no sense; a restart does.
    package var hasGivenUp = false

    /// An identity that can be presented.
    ///
    /// - Parameter time: nanoseconds since the Unix epoch.
    package func usable(at time: UInt64) -> Identity? {
      identity.flatMap { $0.hasExpired(at: time) ? nil : $0 }
    }
  }

  package let source: Identity.Source
  private let state = Mutex(Snapshot())
  private let hasToldExpiry = Atomic(false)

  package init(source: Identity.Source) { self.source = source }

  package var now: Snapshot { state.withLock { $0 } }

  /// - Parameter isConnected: the source as a whole is heard; otherwise what was wrong with it still is.
  func took(_ identity: Identity, isConnected: Bool = true) {
    state.withLock {
      $0.identity = identity
      $0.successes += 1
      $0.isConnected = isConnected
      guard isConnected else { return }
      $0.lastError = nil
      $0.lastErrorAt = nil
    }
    hasToldExpiry.store(false, ordering: .relaxed)
  }

  /// The source was heard, and there is nothing new.
  func stayed() {
    state.withLock {
      $0.lastError = nil
      $0.lastErrorAt = nil
      $0.isConnected = true
    }
  }

  /// The source says that this process has no identity any more.
  func withdrew() {
    state.withLock {
      if $0.identity != nil { $0.withdrawals += 1 }
      $0.identity = nil
    }
  }

  /// - Returns: false where the same was said last.
  @discardableResult
  func failed(
    _ sentence: String, at time: UInt64, isConnected: Bool, hasGivenUp: Bool = false
  ) -> Bool {
    state.withLock {
      let isNews = $0.lastError != sentence
      $0.failures += 1
      $0.lastError = sentence
      $0.lastErrorAt = time
      $0.isConnected = isConnected
      $0.hasGivenUp = hasGivenUp
      return isNews
    }
  }

  func disconnected() { state.withLock { $0.isConnected = false } }

  /// Once for each identity: true where it has expired by now.
  func takeExpiry(at time: UInt64) -> Bool {
    guard let identity = now.identity else { return false }
    guard identity.hasExpired(at: time) else {
      hasToldExpiry.store(false, ordering: .relaxed)
      return false
    }
    return !hasToldExpiry.exchange(true, ordering: .relaxed)
  }
}
