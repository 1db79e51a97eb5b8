internal import CLinux
internal import Glibc

/// Files that hold keys, passwords, certificates: read at once, into memory that is overwritten.
package enum SecretFile {
  /// What tells one state of a file from another (stat(2)).
  package struct Version: Hashable, Sendable {
    fileprivate let device: UInt64
    fileprivate let inode: UInt64
    fileprivate let size: Int
    /// Seconds and nanoseconds of the last change of the content, and of anything about the file.
    fileprivate let times: [Int]
  }

  /// Reads a regular file from its beginning to its end.
  ///
  /// - Returns: the bytes, and of which state of the file they are; where that isn't the path's
  ///   `version` afterwards, it was changed or replaced meanwhile.
  /// - Throws: EFBIG where it is longer than `maximumBytes`; EISDIR or ENODEV where it is no file.
  package static func read(
    _ path: String, maximumBytes: Int
  ) throws(Errno) -> (bytes: SecretBytes, version: Version) {
    // The path is a zero-terminated copy for the length of the call. A FIFO would keep us waiting.
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
    guard number >= 0 else { throw Errno(errno) }
    let file = Descriptor(owning: number)
    var status = stat()
    // `status` is a whole `stat`.
    guard unsafe fstat(number, &status) == 0 else { throw Errno(errno) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw Errno(EISDIR)
    default: throw .noFile
    }
    guard status.st_size <= maximumBytes else { throw Errno(EFBIG) }
    let bytes = SecretBytes(capacity: Int(status.st_size))
    while try bytes.append(from: file) > 0 {}
    return (bytes, Version(status))
  }

  /// Of the file that the path leads to now.
  package static func version(of path: String) throws(Errno) -> Version {
    var status = stat()
    // The path is a zero-terminated copy for the length of the call, `status` a whole `stat`.
    guard unsafe stat(path, &status) == 0 else { throw Errno(errno) }
    return Version(status)
  }
}

extension SecretFile.Version {
  fileprivate init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    size = Int(status.st_size)
    times = [
      status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
    ]
  }
}
