internal import COpenSSL

/// OpenSSL's list of errors, of which each thread has its own.
///
/// Whoever meets a failure takes the whole list at once: what stayed in it would be taken for the
/// reason of the next failure, of another connection.
enum ErrorQueue {
  struct Entry {
    let code: UInt
    /// One of `ERR_LIB_…`.
    var library: Int32 { pl_err_library(code) }
    /// One of the library's `…_R_…`, or an errno where `library` is the system.
    var reason: Int32 { pl_err_reason(code) }
    var isSystem: Bool { pl_err_is_system(code) != 0 }

    /// OpenSSL's own words, such as `no start line`; never a part of what was read.
    var text: String {
      guard let text = unsafe ERR_reason_error_string(code) else { return "error \(code)" }
      // A literal in OpenSSL's tables.
      return unsafe String(cString: text)
    }
  }

  /// Empties the list; the oldest entry, which is the cause, comes first.
  static func take() -> [Entry] {
    var entries: [Entry] = []
    while true {
      let code = ERR_get_error()
      if code == 0 { return entries }
      entries.append(Entry(code: code))
    }
  }

  /// Empties the list, where it should be empty already.
  @inline(__always)
  static func clear() {
    if ERR_peek_error() != 0 { ERR_clear_error() }
  }

  /// Empties the list and says what its cause was.
  static func takeText() -> String { take().first?.text ?? "no reason given" }
}
