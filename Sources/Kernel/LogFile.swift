internal import CLinux

// Files that lines are appended to.
extension Descriptor {
  /// Opens a file for appending, and makes one that its owner may write and its group may read
  /// where there is none. Links are followed; a FIFO or a device is opened too, without waiting.
  package static func appending(to path: String) throws(Errno) -> Descriptor {
    // The path is a zero-terminated copy for the length of the call.
    Descriptor(owning: try systemCall { unsafe pl_open_append(path, 0o640) })
  }

  /// False for a FIFO, a socket or a device.
  package borrowing func isRegularFile() throws(Errno) -> Bool {
    let number = self.number
    return try systemCall { pl_is_regular(number) } == 1
  }

  /// Whether what was written to a file last has no line end, as after a crash.
  package borrowing func endsWithinLine() throws(Errno) -> Bool {
    let number = self.number
    let size = try systemCall { pl_file_size(number) }
    guard size > 0 else { return false }
    var last: UInt8 = 0
    let count = try systemCall { unsafe pl_read_at(number, &last, 1, size - 1) }
    return count == 1 && last != UInt8(ascii: "\n")
  }

  /// Takes the last `count` bytes that were written through this descriptor back off the end of
  /// the file. Where others have written behind them nothing changes.
  package borrowing func takeBack(_ count: Int) throws(Errno) {
    let number = self.number
    let position = try systemCall { pl_file_position(number) }
    guard try systemCall({ pl_file_size(number) }) == position, position >= count else { return }
    _ = try systemCall { pl_truncate(number, position - Int64(count)) }
  }
}
