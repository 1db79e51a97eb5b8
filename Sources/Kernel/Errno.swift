internal import CLinux
internal import Glibc

/// The number with which the kernel refused a system call.
package struct Errno: Error, Hashable, Sendable, CustomStringConvertible {
  package let code: Int32

  package init(_ code: Int32) { self.code = code }

  /// The C library's sentence, such as `Connection refused`.
  package var description: String {
    // strerror's text is static or thread-local and copied at once.
    unsafe String(cString: strerror(code))
  }

  package static let permissionDenied = Errno(EACCES)
  package static let notPermitted = Errno(EPERM)
  package static let addressInUse = Errno(EADDRINUSE)
  package static let connectionRefused = Errno(ECONNREFUSED)
  package static let brokenPipe = Errno(EPIPE)
  package static let timedOut = Errno(ETIMEDOUT)
  package static let tooManyFilesInProcess = Errno(EMFILE)
  package static let tooManyFilesInSystem = Errno(ENFILE)
  package static let noBufferSpace = Errno(ENOBUFS)
  package static let noMemory = Errno(ENOMEM)
  package static let fileTooLarge = Errno(EFBIG)
  /// A device that is none.
  package static let noFile = Errno(ENODEV)
  package static let addressFamilyNotSupported = Errno(EAFNOSUPPORT)
  package static let addressNotAvailable = Errno(EADDRNOTAVAIL)

  /// What the last system call of this thread failed with, where a library made it; nil for none.
  package static var last: Errno? { errno == 0 ? nil : Errno(errno) }

  /// True where `open` met a directory, or a socket, or a device without a driver.
  package var meansNoFile: Bool { code == EISDIR || code == ENXIO || code == ENODEV }

  /// True where the host has no such address, or not the whole family.
  package var meansNoSuchAddress: Bool {
    self == .addressFamilyNotSupported || self == .addressNotAvailable
  }

  /// True where the process or the system has no descriptor or memory left for another socket.
  package var isExhaustion: Bool {
    switch self {
    case .tooManyFilesInProcess, .tooManyFilesInSystem, .noBufferSpace, .noMemory: true
    default: false
    }
  }
}

/// What one read or write came to. "Would block" is a value, never an error.
package enum IOResult: Sendable, Equatable {
  case bytes(Int)
  case wouldBlock
  /// The peer has sent all it will send.
  case endOfStream
  case failed(Errno)
}

/// Runs one system call that returns its result or -errno: EINTR is retried, EBADF and EFAULT are
/// bugs of ours and end the process, since going on could write to somebody else's descriptor.
@inline(__always)
func systemCall<Result: FixedWidthInteger & SignedInteger>(
  _ call: () -> Result
) throws(Errno) -> Result {
  while true {
    let result = call()
    if result >= 0 { return result }
    let code = Int32(truncatingIfNeeded: -result)
    if code == EINTR { continue }
    precondition(code != EBADF && code != EFAULT, "a system call met a closed descriptor")
    throw Errno(code)
  }
}

/// The same for calls on the hot path, without a throw: EAGAIN is a value.
@inline(__always)
func transfer(_ call: () -> Int) -> IOResult {
  while true {
    let result = call()
    if result > 0 { return .bytes(result) }
    if result == 0 { return .endOfStream }
    let code = Int32(truncatingIfNeeded: -result)
    if code == EAGAIN { return .wouldBlock }
    if code == EINTR { continue }
    precondition(code != EBADF && code != EFAULT, "a system call met a closed descriptor")
    return .failed(Errno(code))
  }
}
