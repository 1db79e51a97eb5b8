internal import CLinux
internal import Glibc

/// The signals that steer the process, as something to wait for beside other descriptors. Made by
/// the first thread before it starts others, so that every thread inherits the blocked signals and
/// none is interrupted.
package struct Signals: ~Copyable, Sendable {
  package enum Signal: Sendable {
    /// SIGTERM, SIGINT.
    case terminate
    /// SIGHUP.
    case reload
    /// SIGUSR1.
    case reopen
  }

  /// Readable while a signal waits to be taken.
  package let descriptor: Descriptor

  package init() throws(Errno) {
    // A write to a closed pipe or socket is an error value, never the end of the process.
    signal(SIGPIPE, SIG_IGN)
    // So is one beyond the limit of a file's size.
    signal(SIGXFSZ, SIG_IGN)
    var numbers = [SIGTERM, SIGINT, SIGHUP, SIGUSR1]
    let count = Int32(numbers.count)
    descriptor = Descriptor(owning: try systemCall { unsafe pl_signalfd(&numbers, count) })
  }

  /// Takes one signal that has come; nil where none waits. Of several of one kind the kernel keeps
  /// one.
  package func take() throws(Errno) -> Signal? {
    let number = descriptor.number
    if try systemCall({ pl_wait_readable(number, 0) }) == 0 { return nil }
    var info = [UInt8](repeating: 0, count: pl_signal_info_size())
    // `info` has room for the count that is asked for.
    _ = try systemCall { unsafe pl_read(number, &info, info.count) }
    // `ssi_signo`, the first field, is 32 bits wide (signalfd(2)).
    let signal = unsafe info.withUnsafeBytes { unsafe $0.loadUnaligned(as: UInt32.self) }
    switch Int32(signal) {
    case SIGHUP: return .reload
    case SIGUSR1: return .reopen
    default: return .terminate
    }
  }
}
