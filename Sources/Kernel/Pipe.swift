internal import CLinux

/// A kernel pipe through which `splice` moves bytes from socket to socket without copying them
/// into the process.
package struct Pipe: ~Copyable {
  private let readEnd: Descriptor
  private let writeEnd: Descriptor
  /// Bytes that fit at most: as far as the kernel fills its pages.
  package let capacity: Int

  /// - Parameters:
  ///   - capacity: bytes asked for. The kernel grants any process 1 MiB (`pipe-max-size`), and the
  ///     processes of an unprivileged user 16,384 pages for all their pipes together
  ///     (`pipe-user-pages-soft`); beyond that a new pipe has two pages, and keeps them.
  ///   - smaller: bytes asked for where that is refused.
  package init(capacity: Int, orElse smaller: Int) throws(Errno) {
    var ends: (Int32, Int32) = (-1, -1)
    _ = try systemCall {
      unsafe withUnsafeMutableBytes(of: &ends) {
        unsafe pl_pipe($0.assumingMemoryBound(to: Int32.self).baseAddress!)
      }
    }
    readEnd = Descriptor(owning: ends.0)
    writeEnd = Descriptor(owning: ends.1)
    var set = pl_set_pipe_size(writeEnd.number, Int32(capacity))
    if set < 0 { set = pl_set_pipe_size(writeEnd.number, Int32(smaller)) }
    // A refusal leaves the default size, which works as well, only in smaller steps.
    self.capacity = set > 0 ? Int(set) : Self.defaultCapacity
  }

  private static let defaultCapacity = 64 * 1024

  /// Moves at most `count` bytes from `socket` into the pipe. On an empty pipe `wouldBlock` means
  /// that the socket has no data.
  package func fill(from socket: borrowing Descriptor, count: Int) -> IOResult {
    let (from, to) = (socket.number, writeEnd.number)
    return transfer { pl_splice(from, to, count, 0) }
  }

  /// Moves at most `count` bytes from the pipe to `socket`.
  package func drain(to socket: borrowing Descriptor, count: Int) -> IOResult {
    let (from, to) = (readEnd.number, socket.number)
    return transfer { pl_splice(from, to, count, 0) }
  }
}
