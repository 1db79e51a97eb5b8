import Foundation

/// A directory in which a test changes files in the ways that programs, people and kubelets
/// do. Removed with the value.
package final class Volume {
  /// Its directory, which everyone may read.
  package let root: String
  private var generation = 0

  /// An empty one.
  package init() throws {
    root = NSTemporaryDirectory() + "portarium-reload-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  /// Of a file or directory in it.
  package func path(_ name: String) -> String { "\(root)/\(name)" }

  /// One that everyone may read.
  package func makeDirectory(_ name: String) throws {
    try FileManager.default.createDirectory(
      atPath: path(name), withIntermediateDirectories: false)
  }

  /// A file, a link or a directory with all that is in it.
  package func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: path(name))
  }

  /// Cuts off what is there and writes the pieces one by one, as `cat >` does.
  ///
  /// - Parameter beforeClosing: what is done while the file is still open.
  package func write(_ name: String, _ pieces: [String], beforeClosing: () throws -> Void = {})
    throws
  {
    if !FileManager.default.fileExists(atPath: path(name)) {
      _ = FileManager.default.createFile(atPath: path(name), contents: nil)
    }
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path(name)))
    try file.truncate(atOffset: 0)
    for piece in pieces { try file.write(contentsOf: Data(piece.utf8)) }
    try beforeClosing()
    try file.close()
  }

  /// In one piece.
  package func write(_ name: String, _ text: String) throws { try write(name, [text]) }

  /// truncate(2): nobody opens or closes it.
  package func truncate(_ name: String) throws {
    guard unsafe Foundation.truncate(path(name), 0) == 0 else {
      throw CocoaError(.fileWriteUnknown)
    }
  }

  /// rename(2): over what is there.
  package func rename(_ from: String, _ to: String) throws {
    guard unsafe Foundation.rename(path(from), path(to)) == 0 else {
      throw CocoaError(.fileWriteUnknown)
    }
  }

  /// A symbolic link.
  package func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(
      atPath: path(name), withDestinationPath: target)
  }

  // MARK: As kubelet mounts a ConfigMap or a Secret

  /// Puts a document in the place of another.
  package func swap(_ text: String) throws { try swap(["config.yaml": text]) }

  /// A directory for the new content, `..data` swapped to it by a rename, the old one removed; each
  /// file's name is a symbolic link through `..data` and never changes.
  package func swap(_ files: [String: String]) throws {
    let old = "..2026_\(generation)"
    generation += 1
    let new = "..2026_\(generation)"
    try makeDirectory(new)
    for (name, text) in files { try write("\(new)/\(name)", text) }
    try link("..data_tmp", to: new)
    try rename("..data_tmp", "..data")
    if generation == 1 {
      for name in files.keys { try link(name, to: "..data/\(name)") }
    } else {
      try remove(old)
    }
  }
}
