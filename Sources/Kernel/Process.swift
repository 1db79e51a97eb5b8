internal import CLinux
internal import Glibc

/// What a process does to itself before it meets anyone.
package enum Process {
  /// No core file, no ptrace and no /proc/PID/mem by the same uid, no gain of privileges by exec:
  /// what passes through this process is not for the workload beside it.
  package static func guardItself() throws(Errno) {
    _ = try systemCall { pl_set_core_limit_zero() }
    _ = try systemCall { pl_set_no_new_privileges() }
    _ = try systemCall { pl_set_not_dumpable() }
  }

  /// Raises the soft limit of descriptors to the hard one and returns it.
  package static func raiseDescriptorLimit() throws(Errno) -> Int {
    Int(try systemCall { pl_raise_descriptor_limit() })
  }

  /// Fills 16 bytes from the kernel's generator.
  package static func randomSeed() throws(Errno) -> UInt128 {
    var seed: UInt128 = 0
    _ = try systemCall {
      unsafe withUnsafeMutableBytes(of: &seed) {
        unsafe pl_random($0.baseAddress!, $0.count)
      }
    }
    return seed
  }

  /// Standard output as an owned descriptor: nothing else may write there afterwards.
  package static func takeStandardOutput() -> Descriptor { Descriptor(owning: 1) }

  package static var userID: UInt32 { geteuid() }
}

extension Process {
  /// A variable of the environment; nil where it isn't set.
  package static func environment(_ name: String) -> String? {
    // The environment is not changed after start, and the text is copied at once.
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }

  /// Writes one sentence and its line end to standard error.
  package static func complain(_ sentence: String) {
    writeStandardError(Array((sentence + "\n").utf8).span)
  }

  /// Writes a whole line in one call, so that lines of two threads don't mix. Any thread.
  package static func writeStandardError(_ line: Span<UInt8>) {
    unsafe line.withUnsafeBufferPointer { bytes in
      // Where standard error is gone there is nobody left to tell.
      if let start = bytes.baseAddress { _ = unsafe pl_write(2, start, bytes.count) }
    }
  }
}
