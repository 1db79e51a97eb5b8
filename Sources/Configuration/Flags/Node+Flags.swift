extension Node {
  /// Puts the flags' values where the document's stand, as if they were written there. They are
  /// read by the same readers, so a flag takes exactly what its key does.
  mutating func override(by flags: [DocumentFlag], _ findings: Findings) {
    for (index, flag) in flags.enumerated() {
      let path = flag.keyPath.split(separator: ".").map(String.init)
      path.forEach { findings.enter(.key($0)) }
      let value = Node(flag, at: .flag(index), findings)
      path.forEach { _ in findings.leave() }
      set(value, at: path[...])
    }
  }

  /// Sections on the way that are absent or empty are made; what is no section stays, as its reader
  /// will refuse it.
  private mutating func set(_ value: Node, at path: ArraySlice<String>) {
    guard let key = path.first else {
      self = value
      return
    }
    var entries: [Entry]
    switch content {
    case .mapping(let all): entries = all
    case .scalar(let scalar) where scalar.isNull: entries = []
    case .scalar, .sequence, .refused: return
    }
    let index = entries.firstIndex { $0.key == key } ?? entries.endIndex
    if index == entries.endIndex {
      let empty = Node(position: value.position, content: .mapping([]))
      entries.append(Entry(key: key, keyPosition: value.position, value: empty))
    }
    entries[index].value.set(value, at: path.dropFirst())
    content = .mapping(entries)
  }

  private init(_ flag: DocumentFlag, at position: Position, _ findings: Findings) {
    self.init(position: position, content: .refused)
    for value in flag.values {
      if let secret = Secret(in: value) {
        findings.error("the value looks like \(secret); secrets don't belong here", at: position)
        return
      }
    }
    guard let shape = Document.schema.shape(at: flag.keyPath) else {
      preconditionFailure("\(flag.name) stands for \(flag.keyPath), which is no key")
    }
    if shape.isList {
      let entries = flag.values.flatMap { value in
        value.isEmpty ? [] : value.split(separator: ",", omittingEmptySubsequences: false)
      }
      guard entries.allSatisfy({ !$0.isEmpty }) else {
        findings.error(
          "there is a comma without an entry on both sides: \"\(excerpt(flag.given))\"",
          at: position)
        return
      }
      content = .sequence(entries.map { Node(position: position, content: .argument($0)) })
    } else {
      content = flag.values.last.map { .argument($0[...]) } ?? .refused
    }
  }
}

extension DocumentFlag {
  fileprivate var given: String { values.joined(separator: " ") }
}

extension Node.Content {
  fileprivate static func argument(_ text: Substring) -> Node.Content {
    .scalar(Scalar(text: String(text), isPlain: true, isArgument: true))
  }
}

extension ValueShape {
  fileprivate var isList: Bool {
    switch self {
    case .list: true
    case .either(let one, let other): one.isList || other.isList
    default: false
    }
  }
}

extension [KeyDeclaration] {
  fileprivate func shape(at path: String) -> ValueShape? {
    flatMap { $0.flattened() }.first { $0.path == path }?.key.shape
  }
}
