/// A flag of the command line that stands for a key of the document and wins over it.
package struct DocumentFlag: Hashable, Sendable {
  /// As it is typed: `--proxy-uid`.
  package let name: String
  /// The key's path: `capture.proxyUID`.
  package let keyPath: String
  /// What was given, once for every time that the flag was. Only a list may be given more than
  /// once; the entries of one value are separated by commas.
  package let values: [String]

  package init(_ name: String, for keyPath: String, _ values: [String]) {
    self.name = name
    self.keyPath = keyPath
    self.values = values
  }
}

extension Document {
  /// Reads and checks the file at `path` with the flags' values in place of its own; errors in
  /// those name the flag. Where `flagsSuffice`, a file that isn't there is no error as long as there
  /// are flags. As `load(path:)` otherwise.
  package static func load(
    path: String, flags: [DocumentFlag], flagsSuffice: Bool
  ) throws(ConfigurationFailure) -> Loaded {
    let bytes: [UInt8]
    do throws(ConfigurationFailure) {
      bytes = try DocumentFile.read(path)
    } catch {
      guard error.isAbsence, flagsSuffice, !flags.isEmpty else { throw error }
      return try parse(flags)
    }
    return try parse(bytes, file: path, flags: flags)
  }

  /// A document of flags alone. It belongs to no workspace and lets nothing leave: enough for what
  /// is programmed into the kernel, and for nothing else.
  package static func parse(_ flags: [DocumentFlag]) throws(ConfigurationFailure) -> Loaded {
    var loaded = try parse(Array("workspaceId: none\n".utf8), file: "", flags: flags)
    loaded.warnings.removeAll { $0.flag == nil }
    return loaded
  }
}

extension Position {
  /// Where flag number `index` stands: behind the whole document, so that whatever contradicts the
  /// document is the flag's fault.
  static func flag(_ index: Int) -> Position { Position(line: .max, column: index) }

  var flagIndex: Int? { line == .max ? column : nil }
}
