/// How a value is read from a node: the one place where its shape and its checks are stated.
struct ValueType<Value: Sendable>: Sendable {
  let shape: ValueShape
  /// Reports what is wrong and returns nil; of a node that was refused it returns nil silently.
  let read: @Sendable (Node, Findings) -> Value?
}

extension ValueType where Value: FixedWidthInteger {
  static func integer(_ range: ClosedRange<Value>) -> ValueType {
    ValueType(shape: .integer(Int(range.lowerBound)...Int(range.upperBound))) { node, findings in
      guard let scalar = node.scalar("an integer", findings) else { return nil }
      guard scalar.isInteger else {
        findings.error(scalar.complaint(wanted: "an integer"), at: node.position)
        return nil
      }
      guard let value = Value(scalar.text), range.contains(value) else {
        findings.error(
          "must be between \(range.lowerBound) and \(range.upperBound), not \(node.noun)",
          at: node.position)
        return nil
      }
      return value
    }
  }
}

extension ValueType where Value == UInt16 {
  static var port: ValueType { .integer(1...65535) }
}

extension ValueType where Value == Bool {
  static var boolean: ValueType {
    ValueType(shape: .boolean) { node, findings in
      guard let scalar = node.scalar("true or false", findings) else { return nil }
      if let value = scalar.boolean { return value }
      if Scalar(text: scalar.text, isPlain: true).boolean != nil {
        findings.error("must be true or false, written without quotes", at: node.position)
      } else {
        findings.error(
          "must be true or false, not \(node.noun)", at: node.position,
          suggestion: nearest(to: scalar.text, among: ["true", "false"]))
      }
      return nil
    }
  }
}

extension ValueType where Value == Duration {
  /// Decimal seconds, exact to the nanosecond.
  static func seconds(_ range: ClosedRange<Duration>) -> ValueType {
    ValueType(shape: .seconds(range)) { node, findings in
      guard let scalar = node.scalar("a number of seconds", findings) else { return nil }
      guard scalar.isDecimal else {
        findings.error(scalar.complaint(wanted: "a number of seconds"), at: node.position)
        return nil
      }
      guard let value = scalar.seconds, range.contains(value) else {
        findings.error(
          "must be between \(range.lowerBound.decimalSeconds) and "
            + "\(range.upperBound.decimalSeconds) seconds, not \(node.noun)", at: node.position)
        return nil
      }
      return value
    }
  }
}

extension ValueType where Value == String {
  /// A text that `complaint` has nothing to say against.
  static func text(
    _ phrase: String, complaint: @escaping @Sendable (String) -> String?
  ) -> ValueType {
    ValueType(shape: .text(phrase)) { node, findings in
      guard let text = node.text(phrase, findings) else { return nil }
      if let complaint = complaint(text) {
        findings.error(complaint, at: node.position)
        return nil
      }
      return text
    }
  }
}

extension ValueType
where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
  /// One of the words of an enumeration.
  static var word: ValueType {
    let words = Value.allCases.map(\.rawValue)
    let phrase = words.joined(separator: " or ")
    return ValueType(shape: .oneOf(words)) { node, findings in
      guard let scalar = node.scalar(phrase, findings) else { return nil }
      if let value = Value(rawValue: scalar.text) { return value }
      findings.error(
        "must be \(phrase), not \(node.noun)", at: node.position,
        suggestion: nearest(to: scalar.text, among: words))
      return nil
    }
  }
}

extension ValueType {
  /// A list; every entry is read even where one before it is wrong.
  static func list<Item>(of item: ValueType<Item>) -> ValueType where Value == [Item] {
    ValueType(shape: .list(of: item.shape)) { node, findings in
      guard let nodes = node.items(findings) else { return nil }
      var items: [Item] = []
      items.reserveCapacity(nodes.count)
      for (index, node) in nodes.enumerated() {
        findings.within(.index(index)) {
          if let value = item.read(node, findings) { items.append(value) }
        }
      }
      return items
    }
  }

  /// One value, or a list of them.
  static func oneOrList<Item>(of item: ValueType<Item>) -> ValueType where Value == [Item] {
    let list = ValueType.list(of: item)
    return ValueType(shape: .either(item.shape, list.shape)) { node, findings in
      if case .sequence = node.content { return list.read(node, findings) }
      return item.read(node, findings).map { [$0] }
    }
  }

  /// A section with these keys; all others in it are refused.
  static func section(
    _ keys: [KeyDeclaration], read: @escaping @Sendable (inout SectionReader) -> Value?
  ) -> ValueType {
    ValueType(shape: .section(keys)) { node, findings in
      let entries: [Node.Entry]
      switch node.content {
      case .refused: return nil
      case .mapping(let all): entries = all
      case .scalar(let scalar) where scalar.isNull: entries = []
      case .scalar, .sequence:
        findings.error("must be a section with keys, not \(node.noun)", at: node.position)
        return nil
      }
      var reader = SectionReader(
        entries: entries, keys: keys, position: node.position, findings: findings)
      let value = read(&reader)
      reader.reportUnknownKeys()
      return value
    }
  }
}

extension Node {
  /// The entries of a list; nil where it is none, which is reported.
  func items(_ findings: Findings) -> [Node]? {
    switch content {
    case .refused: return nil
    case .sequence(let nodes): return nodes
    case .scalar(let scalar) where scalar.isNull: return []
    case .scalar, .mapping:
      findings.error("must be a list, not \(noun)", at: position)
      return nil
    }
  }
}
