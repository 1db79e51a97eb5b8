extension ValueType where Value == String {
  /// The absolute path of a file that is read anew when it changes. Whether it is there is not
  /// looked at: it may come later.
  static var filePath: ValueType {
    .text("an absolute path") { path in
      guard path.hasPrefix("/") else {
        return "must be an absolute path, not \"\(excerpt(path))\""
      }
      return complaint(aboutPath: path, maximumBytes: 4095)
    }
  }

  /// What no absolute path to a file or socket may be.
  ///
  /// - Parameter maximumBytes: what the kernel has room for (unix(7), PATH_MAX).
  static func complaint(aboutPath path: String, maximumBytes: Int) -> String? {
    if path.utf8.contains(0) { return "no path may hold a zero byte" }
    if path.hasSuffix("/") { return "\"\(excerpt(path))\" is a directory's path, not a file's" }
    guard path.utf8.count <= maximumBytes else {
      return "the path has \(path.utf8.count) bytes; there is room for \(maximumBytes)"
    }
    return nil
  }
}
