internal import Glibc

/// The environment that the process was started with.
package enum Environment {
  /// Nil where there is no such variable. Not to be called while another thread changes it; nobody
  /// of us does.
  package static func variable(_ name: String) -> String? {
    // The C library's text stays valid until the environment changes, and is copied at once.
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }
}
