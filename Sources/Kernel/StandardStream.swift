internal import CLinux
internal import Glibc

/// Where a program that runs and ends speaks to its user. Any thread; lines of several threads may
/// mix.
package enum StandardStream: Int32, Sendable {
  case input = 0
  case output = 1
  case error = 2

  /// Makes a closed pipe an error of `write` instead of the end of the process.
  package static func ignoreBrokenPipe() { signal(SIGPIPE, SIG_IGN) }

  /// Whether a person may be looking on.
  package var isTerminal: Bool { isatty(rawValue) == 1 }

  /// Writes all of the text, waiting where the reader is slow. Throws where nobody takes it: a
  /// full disk, a closed pipe.
  package func write(_ text: String) throws(Errno) { try write(bytes: Array(text.utf8)) }

  package func write(bytes: [UInt8]) throws(Errno) {
    var rest = bytes[...]
    while !rest.isEmpty {
      // The slice's bytes are valid for the call, which reads as many as it is told.
      let written = try systemCall {
        unsafe rest.withUnsafeBytes { unsafe pl_write(rawValue, $0.baseAddress, $0.count) }
      }
      rest = rest.dropFirst(written)
    }
  }

  /// Writes one line to standard error in one call, so that lines of two threads don't mix. Any
  /// thread.
  package static func writeErrorLine(_ line: Span<UInt8>) {
    unsafe line.withUnsafeBufferPointer { bytes in
      // Where standard error is gone there is nobody left to tell.
      if let start = bytes.baseAddress { _ = unsafe pl_write(2, start, bytes.count) }
    }
  }
}
