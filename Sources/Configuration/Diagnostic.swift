internal import Glibc

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
  /// The flag of the command line that is meant, where it isn't the document.
  package let flag: DocumentFlag?

  package var line: Int { position.line }
  package var column: Int { position.column }

  package init(
    file: String, position: Position, keyPath: String = "", message: String,
    suggestion: String? = nil, flag: DocumentFlag? = nil
  ) {
    self.file = file
    self.position = position
    self.keyPath = keyPath
    self.message = message
    self.suggestion = suggestion
    self.flag = flag
  }
}

extension Diagnostic: CustomStringConvertible {
  /// `file:line:column: key.path: sentence (did you mean "x"?)`, on one line. Of a flag
  /// `--flag: sentence`, with the key's path only where that is not the flag's own.
  package var description: String {
    let path = keyPath.isEmpty ? "" : "\(keyPath): "
    let hint = suggestion.map { " (did you mean \"\($0)\"?)" } ?? ""
    if let flag {
      return "\(flag.name): \(keyPath.hasPrefix(flag.keyPath) ? "" : path)\(message)\(hint)"
    }
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

extension ConfigurationFailure {
  /// True where there is no such file.
  var isAbsence: Bool {
    if case .unreadable(_, ENOENT) = self { true } else { false }
  }
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
