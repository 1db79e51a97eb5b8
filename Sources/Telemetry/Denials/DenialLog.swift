package import Policy
import Synchronization

/// The last thousand denials of all workers, for people who ask why something was refused.
///
/// Any thread. Its memory is allocated with the first and is `capacity` times the size of a `Denied`,
/// whatever they say and however many there are. Adding one costs a lock and a copy of
/// some hundred bytes; whoever reads holds the lock for a few entries at a time.
package final class DenialLog: Sendable {
  package static let capacity = 1000
  private static let readAtOnce: UInt64 = 32

  private struct State {
    var entries: [Denied] = []
    /// Denials ever; the one numbered `n` from 0 is in slot `n % capacity`.
    var count: UInt64 = 0
  }

  private let state = Mutex(State())

  package init() {}

  /// By a worker, with what it has just written down.
  ///
  /// - Parameters:
  ///   - reason: the record's.
  ///   - host: the name that was judged, or what stood in its place; cut where it is too long.
  ///   - method: likewise.
  package func add(
    _ record: borrowing AuditRecord, reason: DenyReason, host: Span<UInt8>, method: Span<UInt8>
  ) {
    let entry = Denied(record, reason: reason, host: host, method: method)
    state.withLock { state in
      if state.entries.isEmpty { state.entries.reserveCapacity(Self.capacity) }
      if state.entries.count < Self.capacity {
        state.entries.append(entry)
      } else {
        state.entries[Int(state.count % UInt64(Self.capacity))] = entry
      }
      state.count += 1
    }
  }

  /// The latest that `matches` lets through, newest first. What is overwritten meanwhile is left out.
  package func latest(_ limit: Int, where matches: (Denied) -> Bool) -> [Denied] {
    var found: [Denied] = []
    var next = state.withLock { $0.count }
    while next > 0, found.count < limit {
      let some = state.withLock { state in
        let oldest = state.count - UInt64(state.entries.count)
        let end = next - min(next, Self.readAtOnce)
        return (max(oldest, end)..<max(oldest, next)).reversed().map {
          state.entries[Int($0 % UInt64(Self.capacity))]
        }
      }
      if some.isEmpty { break }
      found += some.filter(matches).prefix(limit - found.count)
      next -= min(next, Self.readAtOnce)
    }
    return found
  }
}
