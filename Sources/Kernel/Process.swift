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

  /// The uid that the sockets of this process are made by.
  package static var userID: UInt32 { geteuid() }

  /// Raises the soft limit of descriptors to the hard one and returns it.
  package static func raiseDescriptorLimit() throws(Errno) -> Int {
    Int(try systemCall { pl_raise_descriptor_limit() })
  }

  /// Standard output as an owned descriptor: nothing else may write there afterwards.
  package static func takeStandardOutput() -> Descriptor { Descriptor(owning: 1) }
}
