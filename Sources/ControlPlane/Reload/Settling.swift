package import Kernel

/// When a file that changes is worth reading: soon after somebody finished it, later where nobody
/// says so. Pure: time is an argument.
package struct Settling {
  /// Nanoseconds that are waited for more, once a file was closed or moved into place: several
  /// files may be changed one after the other.
  package static let afterCompletion: UInt64 = 20_000_000
  /// The same while it is being written, or was removed: half a document is bad input. A writer who
  /// never closes it is not waited for any longer.
  package static let afterWriting: UInt64 = 1_000_000_000
  /// It is read then, even if it never comes to rest.
  package static let longest: UInt64 = 5_000_000_000

  private var began: Instant?
  private var due: Instant?
  private var last = PathWatch.Change.movedIntoPlace

  package init() {}

  /// Something happened to it.
  package mutating func note(_ change: PathWatch.Change, at now: Instant) {
    let first = began ?? now
    began = first
    last = change
    let quiet =
      switch change {
      case .closed, .movedIntoPlace: Self.afterCompletion
      case .underWay: Self.afterWriting
      }
    due = min(now + quiet, first + Self.longest)
  }

  /// Once it is to be read, what happened last; then it is at rest again.
  package mutating func takeDue(at now: Instant) -> PathWatch.Change? {
    guard let due, due <= now else { return nil }
    began = nil
    self.due = nil
    return last
  }

  /// Milliseconds until then, rounded up; -1 while nothing is to be done.
  package func wait(from now: Instant) -> Int32 {
    guard let due else { return -1 }
    return Int32((due.since(now) + 999_999) / 1_000_000)
  }
}
