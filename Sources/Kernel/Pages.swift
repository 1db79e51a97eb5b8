internal import CLinux

/// Memory in whole pages, straight from the system and back to it: what the allocator is given back
/// may stay the process's.
package enum Pages {
  /// Maps pages that nobody else uses. Their one owner gives them back by `unmap`.
  ///
  /// - Parameter count: bytes; the last page may be longer.
  package static func map(_ count: Int) -> UnsafeMutableRawPointer {
    guard let start = unsafe pl_map_pages(count) else { fatalError("out of memory") }
    return unsafe start
  }

  /// - Parameters:
  ///   - start: what `map` returned; nothing may point there any more.
  ///   - count: what `map` was asked for.
  package static func unmap(_ start: UnsafeMutableRawPointer, _ count: Int) {
    unsafe pl_unmap_pages(start, count)
  }
}
