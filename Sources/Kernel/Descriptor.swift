internal import CLinux
internal import Glibc

/// The one owner of a file descriptor: it closes what it owns when it is destroyed.
///
/// `Descriptor.none` owns nothing, so that a connection can hold the place of a socket that
/// doesn't exist yet without the weight of an optional.
package struct Descriptor: ~Copyable, Sendable {
  /// -1 where nothing is owned. For calls of this module and for log lines only.
  let number: Int32

  init(owning number: Int32) { self.number = number }

  package static var none: Descriptor { Descriptor(owning: -1) }

  /// One that leads nowhere, kept so that it can be given up when no other is left.
  package static func spare() throws(Errno) -> Descriptor {
    Descriptor(owning: try systemCall { pl_open_null() })
  }

  /// The number, for a library that makes system calls of its own on it: OpenSSL. It must neither
  /// close it nor use it once this owner is gone.
  package var borrowedNumber: Int32 { number }

  package var isOpen: Bool { number >= 0 }

  deinit {
    // Linux frees the descriptor whatever close returns; there is nothing to retry.
    if number >= 0 { _ = Glibc.close(number) }
  }
}
