/// One thing to say about a document, and where.
package struct Diagnostic: Hashable, Sendable {
  /// The path the document was read from, as the user gave it.
  package let file: String
  package let position: Position
  /// `egress.allowlist[3].port`; empty where the text as a whole is meant.
  package let keyPath: String
  /// A sentence without a final full stop. Never holds a value that looks like a secret.
  package let message: String
  /// What was probably meant: a key or a value.
  package let suggestion: String?

  package var line: Int { position.line }
  package var column: Int { position.column }

  package init(
    file: String, position: Position, keyPath: String = "", message: String,
    suggestion: String? = nil
  ) {
    self.file = file
    self.position = position
    self.keyPath = keyPath
    self.message = message
    self.suggestion = suggestion
  }
}

extension Diagnostic: CustomStringConvertible {
  /// `file:line:column: key.path: sentence (did you mean "x"?)`, on one line.
  package var description: String {
    let path = keyPath.isEmpty ? "" : "\(keyPath): "
    let hint = suggestion.map { " (did you mean \"\($0)\"?)" } ?? ""
    return "\(file):\(position): \(path)\(message)\(hint)"
  }
}

/// Why there is no document.
package enum ConfigurationFailure: Error, Hashable {
  /// The system refused to open or read the file; `errno` is its reason. A directory is `EISDIR`.
  case unreadable(path: String, errno: Int32)
  /// A FIFO, a socket or a device.
  case notAFile(path: String)
  /// More than 16 MiB.
  case tooLarge(path: String)
  /// Every error in the document, in the order of their positions; never empty.
  case invalid([Diagnostic])
}

extension ConfigurationFailure: CustomStringConvertible {
  /// One line for each thing that is wrong.
  package var description: String {
    switch self {
    case .unreadable(let path, let errno):
      "\(path): the configuration can't be read: \(Self.sentence(errno))"
    case .notAFile(let path):
      "\(path): the configuration can't be read: it is not a regular file"
    case .tooLarge(let path):
      "\(path): the configuration can't be read: it is larger than "
        + "\(DocumentFile.maximumBytes >> 20) MiB"
    case .invalid(let diagnostics):
      diagnostics.map(\.description).joined(separator: "\n")
    }
  }
}
