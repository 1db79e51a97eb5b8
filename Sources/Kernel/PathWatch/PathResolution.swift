internal import Glibc

/// The way the kernel takes from a path to its file: every directory in which a name is looked up,
/// those that symbolic links lead through included. Whatever changes where the path leads happens
/// to one of these names.
struct PathResolution: Equatable {
  struct Step: Equatable {
    var directory: String
    /// What is looked up there: a name without a slash.
    var name: String
    /// The last name of the way, which the file itself may have.
    var isLast: Bool
  }

  /// Up to the first name that is missing or can't be looked at.
  private(set) var steps: [Step] = []

  /// As many as the kernel follows (path_resolution(7)).
  private static let maximumLinks = 40

  init(of path: String) {
    var directory = path.hasPrefix("/") ? "/" : "."
    // Reversed: the next name is the last.
    var names = Self.names(of: path)
    var links = 0
    while let name = names.popLast() {
      if name == ".." {
        directory += "/.."
        continue
      }
      steps.append(Step(directory: directory, name: name, isLast: names.isEmpty))
      let entry = directory == "/" ? "/\(name)" : "\(directory)/\(name)"
      switch Self.kind(of: entry) {
      case .directory: directory = entry
      case .link(let target):
        links += 1
        guard links <= Self.maximumLinks else { return }
        if target.hasPrefix("/") { directory = "/" }
        names += Self.names(of: target)
      case .other: return
      }
    }
  }

  private static func names(of path: String) -> [String] {
    path.split(separator: "/").filter { $0 != "." }.map(String.init).reversed()
  }

  private enum Kind {
    case directory
    case link(String)
    /// A file, or nothing.
    case other
  }

  private static func kind(of path: String) -> Kind {
    var status = stat()
    // The path is a zero-terminated copy for the length of the call, `status` a whole `stat`.
    guard unsafe lstat(path, &status) == 0 else { return .other }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: return .directory
    case S_IFLNK:
      var target = [CChar](repeating: 0, count: Int(PATH_MAX))
      // `target` has room for the count that is given; readlink ends it with no zero byte.
      let length = unsafe readlink(path, &target, target.count)
      guard length > 0 else { return .other }
      return .link(String(decoding: target[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self))
    default: return .other
    }
  }
}
