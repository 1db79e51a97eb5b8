import Kernel
import Synchronization

/// Audit lines on their way from one worker to the writer's thread: bounded, and full means that
/// the worker waits or drops.
///
/// The worker hands over a batch's lines at once, so the lock is taken once a batch and never
/// held during a system call.
final class AuditQueue: Sendable {
  /// Bytes that may wait. Two thousand records: what a worker writes in about 30 ms at full load.
  static let capacity = 1 << 20

  private struct State: ~Copyable {
    var lines = ByteBuffer()
    var isAwaitedByWorker = false
  }

  private let state = Mutex<State>(State())
  /// Signalled when a full queue was emptied.
  private let room: WakeUp

  init() throws(Errno) { room = try WakeUp() }

  /// By the worker. A batch larger than the queue is taken once the queue is empty.
  ///
  /// - Returns: false where it is full.
  func offer(_ batch: Span<UInt8>) -> Bool {
    state.withLock { state in
      guard state.lines.isEmpty || state.lines.count + batch.count <= Self.capacity else {
        state.isAwaitedByWorker = true
        return false
      }
      state.lines.append(batch)
      return true
    }
  }

  /// Bytes that wait. Any thread.
  var depth: Int { state.withLock { $0.lines.count } }

  /// By the worker, after an offer that was not taken.
  ///
  /// - Returns: false where there was no room in time.
  @discardableResult
  func waitForRoom(milliseconds: Int32) -> Bool { room.wait(milliseconds: milliseconds) }

  /// By the writer: moves what waits behind the bytes of `batch`.
  func take(into batch: inout ByteBuffer) {
    let isAwaited = state.withLock { state in
      batch.append(state.lines.bytes)
      state.lines.clear()
      defer { state.isAwaitedByWorker = false }
      return state.isAwaitedByWorker
    }
    if isAwaited { room.signal() }
  }
}
