/// Reads the keys of one section and remembers which were asked for: the rest is unknown.
struct SectionReader {
  /// Where the section begins.
  let position: Position
  let findings: Findings
  private let entries: [Node.Entry]
  private let keys: [KeyDeclaration]
  private var consumed: [Bool]

  init(entries: [Node.Entry], keys: [KeyDeclaration], position: Position, findings: Findings) {
    self.entries = entries
    self.keys = keys
    self.position = position
    self.findings = findings
    consumed = Array(repeating: false, count: entries.count)
  }

  /// The key's value, or what holds where it is absent or wrong.
  mutating func read<Value>(_ key: Key<Value>) -> Value {
    assert(keys.contains { $0.name == key.name }, "\(key.name) is not among its section's keys")
    guard let index = entries.firstIndex(where: { $0.key == key.name }) else {
      if key.declaration.presence == .required {
        findings.within(.key(key.name)) {
          findings.error("the key is required and missing", at: position)
        }
      }
      return findings.within(.key(key.name)) { key.fallback(position, findings) }
    }
    consumed[index] = true
    return findings.within(.key(key.name)) {
      key.read(entries[index].value, findings)
        // What a default has to say is of no interest next to the error.
        ?? key.fallback(position, Findings(file: ""))
    }
  }

  /// Where the key's value stands; nil where the key is absent.
  func position<Value>(of key: Key<Value>) -> Position? {
    entries.first { $0.key == key.name }?.value.position
  }

  /// Where the value of a key of this section, or of one of its sections, stands; nil where the
  /// key is absent.
  func position(at path: String...) -> Position? {
    let (node, missing) = walk(path)
    return missing.isEmpty ? node?.position : nil
  }

  func error<Value>(_ message: String, at key: Key<Value>) {
    findings.within(.key(key.name)) { findings.error(message, at: position(of: key) ?? position) }
  }

  /// Reports something about a key of one of this section's sections, at the last part of the path
  /// that is there.
  func error(_ message: String, at path: String...) { error(message, at: path) }

  func error(_ message: String, at path: [String]) {
    findings.within(path) { findings.error(message, at: place(of: path)) }
  }

  /// The same of something that is no error.
  func warning(_ message: String, at path: [String]) {
    findings.within(path) { findings.warning(message, at: place(of: path)) }
  }

  private func place(of path: [String]) -> Position { walk(path).last?.position ?? position }

  /// Follows a path of keys from section to section: the last node that is there, and the keys
  /// that are missing from then on.
  private func walk(_ path: [String]) -> (last: Node?, missing: ArraySlice<String>) {
    var node: Node?
    var entries = self.entries
    for (index, name) in path.enumerated() {
      guard let next = entries.first(where: { $0.key == name })?.value else {
        return (node, path[index...])
      }
      node = next
      if case .mapping(let inner) = next.content { entries = inner } else { entries = [] }
    }
    return (node, [])
  }

  func warning<Value>(_ message: String, at key: Key<Value>, suggestion: String? = nil) {
    findings.within(.key(key.name)) {
      findings.warning(message, at: position(of: key) ?? position, suggestion: suggestion)
    }
  }

  /// Reports the keys that nobody asked for. To be called once, when all known ones were read.
  func reportUnknownKeys() {
    for (entry, consumed) in zip(entries, consumed) where !consumed {
      findings.within(.key(entry.key)) {
        findings.error(
          "there is no such key here", at: entry.keyPosition,
          suggestion: findings.wantsErrors ? key(meantBy: entry.key) : nil)
      }
    }
  }

  /// A key of this section, or the path of one elsewhere that bears the same name.
  private func key(meantBy name: String) -> String? {
    nearest(to: name, among: keys.map(\.name)) ?? Document.schema.path(ofKeyNamed: name)
  }
}

extension [KeyDeclaration] {
  /// The path of the first key of this name anywhere in the document.
  fileprivate func path(ofKeyNamed name: String) -> String? {
    let name = folded(name)
    return flatMap { $0.flattened() }.first { folded($0.key.name) == name }?.path
  }
}
