/// What is declared of a key: enough to suggest it, to document it and to describe it to a
/// machine. The section that reads a key makes its declaration; there is no second list.
package struct KeyDeclaration: Sendable {
  package enum Presence: Hashable, Sendable {
    case required
    /// What holds where the key is absent: a value as a document would spell it, or a phrase.
    case otherwise(String)
    /// A section that is absent is read as an empty one.
    case section
  }

  package let name: String
  package let shape: ValueShape
  package let presence: Presence
  /// What the key is for, as a sentence in Markdown.
  package let meaning: String
}

/// What a key takes.
package indirect enum ValueShape: Sendable {
  case boolean
  case integer(ClosedRange<Int>)
  /// A number, with decimals or without: more than 0, up to this.
  case positive(upTo: Int)
  /// Decimal seconds.
  case seconds(ClosedRange<Duration>)
  /// A text; the phrase says which.
  case text(String)
  /// One of these words.
  case oneOf([String])
  case list(of: ValueShape)
  case either(ValueShape, ValueShape)
  case section([KeyDeclaration])
  /// What the key at this path takes.
  case like(path: String, ValueShape)
}

extension KeyDeclaration {
  /// This key and all below it with their paths, in the order of declaration. Keys of the
  /// entries of a list are written `list[].key`.
  package func flattened(below parent: String = "") -> [(path: String, key: KeyDeclaration)] {
    let path = parent.isEmpty ? name : "\(parent).\(name)"
    return switch shape {
    case .section(let keys): [(path, self)] + keys.flatMap { $0.flattened(below: path) }
    case .list(of: .section(let keys)):
      [(path, self)] + keys.flatMap { $0.flattened(below: path + "[]") }
    default: [(path, self)]
    }
  }
}
