internal import Glibc

/// The bytes of a document on disk.
enum DocumentFile {
  /// 16 MiB: some 150,000 rules, and far below what would trouble a small pod.
  static let maximumBytes = 16 << 20

  /// Reads a regular file, following symbolic links: a mounted ConfigMap is one.
  ///
  /// Never blocks on a FIFO and never reads more than `maximumBytes` + 1.
  static func read(_ path: String) throws(ConfigurationFailure) -> [UInt8] {
    // The path is a zero-terminated copy for the length of the call.
    let descriptor = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { throw .unreadable(path: path, errno: errno) }
    defer { close(descriptor) }

    var status = stat()
    // `status` is a whole `stat` and outlives the call.
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw .unreadable(path: path, errno: errno)
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw .unreadable(path: path, errno: EISDIR)
    default: throw .notAFile(path: path)
    }

    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(Int(status.st_size), maximumBytes) + 1)
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while bytes.count <= maximumBytes {
      // `chunk` has room for the count that is asked for and isn't touched meanwhile.
      let count = unsafe chunk.withUnsafeMutableBytes {
        unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .unreadable(path: path, errno: errno) }
      if count == 0 { return bytes }
      bytes.append(contentsOf: chunk[..<count])
    }
    throw .tooLarge(path: path)
  }
}
