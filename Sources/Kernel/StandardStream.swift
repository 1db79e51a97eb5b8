internal import CLinux
internal import Glibc

/// Where a program that runs and ends speaks to its user. Any thread; lines of several threads may
/// mix.
package enum StandardStream: Int32, Sendable {
  case output = 1
  case error = 2

  /// Makes a closed pipe an error of `write` instead of the end of the process.
  package static func ignoreBrokenPipe() { signal(SIGPIPE, SIG_IGN) }

  /// Writes all of the text, waiting where the reader is slow. Throws where nobody takes it: a
  /// full disk, a closed pipe.
  package func write(_ text: String) throws(Errno) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      // The slice's bytes are valid for the call, which reads as many as it is told.
      let written = try systemCall {
        unsafe rest.withUnsafeBytes { unsafe pl_write(rawValue, $0.baseAddress, $0.count) }
      }
      rest = rest.dropFirst(written)
    }
  }
}
