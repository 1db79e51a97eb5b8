/// A key of a section: its name, what it takes, what holds without it, what it is for.
///
/// Adding a key to the document is: declare it here as a `static let` of its section, list its
/// declaration in the section's `keys`, read it where the section is read.
struct Key<Value: Sendable>: Sendable {
  let declaration: KeyDeclaration
  /// Reads the value; reports what is wrong with it and returns nil.
  let read: @Sendable (Node, Findings) -> Value?
  /// What holds where the key is absent or wrong. A section reads itself as empty, standing at
  /// the position of the section around it.
  let fallback: @Sendable (Position, Findings) -> Value

  var name: String { declaration.name }

  /// A key with a default; `shown` is the default as a document would spell it.
  init(
    _ name: String, _ type: ValueType<Value>, default value: Value, shown: String? = nil,
    _ meaning: String
  ) {
    declaration = KeyDeclaration(
      name: name, shape: type.shape, presence: .otherwise(shown ?? "\(value)"), meaning: meaning)
    read = type.read
    fallback = { _, _ in value }
  }

  /// A key whose absence means something that is no value; `otherwise` says what.
  init<Wrapped>(
    _ name: String, _ type: ValueType<Wrapped>, otherwise: String, _ meaning: String
  ) where Value == Wrapped? {
    declaration = KeyDeclaration(
      name: name, shape: type.shape, presence: .otherwise(otherwise), meaning: meaning)
    read = { node, findings in type.read(node, findings).map(Optional.some) }
    fallback = { _, _ in nil }
  }

  /// A key that must be there; its value is nil only where an error was reported.
  init<Wrapped>(required name: String, _ type: ValueType<Wrapped>, _ meaning: String)
  where Value == Wrapped? {
    declaration = KeyDeclaration(
      name: name, shape: type.shape, presence: .required, meaning: meaning)
    read = { node, findings in type.read(node, findings).map(Optional.some) }
    fallback = { _, _ in nil }
  }

  /// A section all of whose keys may be absent.
  init(section name: String, _ type: ValueType<Value>, _ meaning: String) {
    declaration = KeyDeclaration(
      name: name, shape: type.shape, presence: .section, meaning: meaning)
    read = type.read
    fallback = { position, findings in
      guard let empty = type.read(Node(position: position, content: .mapping([])), findings)
      else { preconditionFailure("the section \(name) can't be read from nothing") }
      return empty
    }
  }
}
