internal import CLinux
internal import Glibc

/// SIGTERM and SIGINT as something to wait for. Made by the first thread before it starts others,
/// so that every thread inherits the blocked signals and none is interrupted.
package struct TerminationSignals: ~Copyable {
  private let descriptor: Descriptor

  package init() throws(Errno) {
    // A write to a closed pipe or socket is an error value, never the end of the process.
    signal(SIGPIPE, SIG_IGN)
    var numbers = [SIGTERM, SIGINT]
    let count = Int32(numbers.count)
    descriptor = Descriptor(owning: try systemCall { unsafe pl_signalfd(&numbers, count) })
  }

  /// Waits for a signal or until `milliseconds` (-1: for ever) have passed.
  ///
  /// - Returns: true where a signal came.
  package func wait(milliseconds: Int32 = -1) throws(Errno) -> Bool {
    let deadline = milliseconds < 0 ? nil : Instant.now() + UInt64(milliseconds) * 1_000_000
    while true {
      let left: Int32 =
        if let deadline {
          Int32((deadline.since(Instant.now()) + 999_999) / 1_000_000)
        } else { -1 }
      let number = descriptor.number
      if try systemCall({ pl_wait_readable(number, left) }) == 0 { return false }
      var info = [UInt8](repeating: 0, count: pl_signal_info_size())
      if unsafe pl_read(number, &info, info.count) > 0 { return true }
    }
  }
}
