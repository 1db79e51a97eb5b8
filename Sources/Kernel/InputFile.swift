internal import CLinux
internal import Glibc

/// A file, a pipe or standard input, read from where it stands to its end. Waits where its writer is
/// slow.
package struct InputFile: ~Copyable {
  private let number: Int32
  /// Nothing for standard input, which is not ours to close.
  private let owned: Descriptor

  package static var standardInput: InputFile { InputFile(number: 0, owned: .none) }

  package init(path: String) throws(Errno) {
    // The path is a zero-terminated copy for the length of the call.
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    guard number >= 0 else { throw Errno(errno) }
    self.init(number: number, owned: Descriptor(owning: number))
  }

  private init(number: Int32, owned: consuming Descriptor) {
    self.number = number
    self.owned = owned
  }

  /// Reads at most as many bytes as `buffer` holds (at least one), over its first ones.
  ///
  /// - Returns: how many came; 0 at the end.
  package func read(into buffer: inout [UInt8]) throws(Errno) -> Int {
    try systemCall {
      // The buffer has room for the count that is asked for.
      unsafe buffer.withUnsafeMutableBytes { unsafe pl_read(number, $0.baseAddress!, $0.count) }
    }
  }
}
