internal import CLinux

/// Lets one thread end another's wait (an eventfd). Signals that come before the wait are not lost.
package struct WakeUp: ~Copyable, Sendable {
  package let descriptor: Descriptor

  package init() throws(Errno) {
    descriptor = Descriptor(owning: try systemCall { pl_eventfd() })
  }

  /// From any thread.
  package func signal() {
    var one: UInt64 = 1
    let number = descriptor.number
    // Fails only with EAGAIN at 2^64 - 2 signals, when the wait has long ended anyhow.
    _ = unsafe pl_write(number, &one, 8)
  }

  /// Forgets the signals so far.
  package func reset() {
    var count: UInt64 = 0
    let number = descriptor.number
    // EAGAIN: there was none.
    _ = unsafe pl_read(number, &count, 8)
  }

  /// Blocks until a signal or for `milliseconds` (-1: for ever); then forgets the signals.
  ///
  /// - Returns: true where there was a signal.
  @discardableResult
  package func wait(milliseconds: Int32 = -1) -> Bool {
    // EINTR returns early, which every caller's loop allows.
    let ready = pl_wait_readable(descriptor.number, milliseconds)
    if ready > 0 { reset() }
    return ready > 0
  }
}
