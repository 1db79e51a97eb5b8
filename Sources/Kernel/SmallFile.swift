internal import CLinux
internal import Glibc

/// Files of the system that say something about it in a few lines.
package enum SmallFile {
  /// The text of a file, with bytes that are no UTF-8 replaced. Longer files than `maximumBytes`
  /// are EFBIG.
  package static func read(_ path: String, maximumBytes: Int = 1 << 20) throws(Errno) -> String {
    // The path is a zero-terminated copy for the length of the call.
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard number >= 0 else { throw Errno(errno) }
    let file = Descriptor(owning: number)
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      // `chunk` has room for the count that is asked for.
      let count = try systemCall {
        unsafe chunk.withUnsafeMutableBytes {
          unsafe pl_read(file.number, $0.baseAddress!, $0.count)
        }
      }
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += chunk[..<count]
      guard bytes.count <= maximumBytes else { throw Errno(EFBIG) }
    }
  }
}
