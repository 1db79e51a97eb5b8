import Foundation

/// A directory of this test run, readable by every uid that the tests run programs as, removed
/// when the run ends (or by the next one, where this one was killed).
package enum Scratch {
  private static let prefix = "portarium-test-"

  /// The directory. Made on first use.
  package static let directory: String = {
    let parent = FileManager.default.temporaryDirectory.path
    removeStale(in: parent)
    let path = "\(parent)/\(prefix)\(getpid())"
    try? FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    atexit { try? FileManager.default.removeItem(atPath: Scratch.directory) }
    return path
  }()

  /// A path in the directory.
  package static func path(_ name: String) -> String { "\(directory)/\(name)" }

  /// A new directory in it that any uid may write to.
  package static func makeDirectory(_ name: String) -> String {
    let path = path("\(name)-\(UUID().uuidString.prefix(8))")
    try? FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o777])
    return path
  }

  /// Writes a file that everyone may read, and returns its path.
  package static func file(_ name: String, _ text: String) -> String {
    let path = "\(makeDirectory("file"))/\(name)"
    let made = FileManager.default.createFile(
      atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o644])
    precondition(made, "cannot write \(path)")
    return path
  }

  /// A script from `Tests/TestNetwork/Scripts`, copied to where any uid can read it: a checkout may
  /// lie in a home directory that only root may enter.
  package static func script(_ name: String) -> String {
    let target = path(name)
    copying.withLock {
      if FileManager.default.fileExists(atPath: target) { return }
      let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Scripts/\(name)").path
      try? FileManager.default.copyItem(atPath: source, toPath: target)
      try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: target)
    }
    return target
  }

  static let copying = NSLock()

  private static func removeStale(in parent: String) {
    for entry in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    where entry.hasPrefix(prefix) {
      guard let pid = pid_t(entry.dropFirst(prefix.count)), kill(pid, 0) != 0, errno == ESRCH else {
        continue
      }
      try? FileManager.default.removeItem(atPath: "\(parent)/\(entry)")
    }
  }
}
