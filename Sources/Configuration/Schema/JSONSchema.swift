extension Document {
  /// The document's JSON Schema (draft 2020-12), for editors and for who checks many documents.
  ///
  /// What it refuses both programs refuse; they refuse more: what one key asks of another, what a
  /// text must be.
  package static var jsonSchema: String {
    let keys = JSONSchemaText.section(schema)
    let head: [(String, JSONSchemaText)] = [
      ("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
      ("title", .text("portarium's configuration")),
    ]
    return JSONSchemaText.object(head + keys).lines.joined(separator: "\n") + "\n"
  }
}

extension JSONSchemaText {
  /// What must hold of a section with these keys. All of the document's sections may be left empty,
  /// which YAML calls null.
  fileprivate static func section(
    _ keys: [KeyDeclaration], isOptional: Bool = false
  ) -> [(String, JSONSchemaText)] {
    let required = keys.filter { $0.presence == .required }.map { JSONSchemaText.text($0.name) }
    return [
      ("type", isOptional ? .list([.text("object"), .text("null")]) : .text("object")),
      ("properties", .object(keys.map { ($0.name, .key($0)) })),
    ] + (required.isEmpty ? [] : [("required", .list(required))])
      + [("additionalProperties", .raw("false"))]
  }

  private static func key(_ key: KeyDeclaration) -> JSONSchemaText {
    var members: [(String, JSONSchemaText)] = [("description", .text(key.meaning))]
    members += shape(key.shape)
    if case .otherwise(let shown) = key.presence, let value = value(shown, of: key.shape) {
      members.append(("default", value))
    }
    return .object(members)
  }

  private static func shape(_ shape: ValueShape) -> [(String, JSONSchemaText)] {
    switch shape {
    case .boolean: return [("type", .text("boolean"))]
    case .integer(let range):
      return [
        ("type", .text("integer")), ("minimum", .raw("\(range.lowerBound)")),
        ("maximum", .raw("\(range.upperBound)")),
      ]
    case .positive(let upper):
      return [
        ("type", .text("number")), ("exclusiveMinimum", .raw("0")), ("maximum", .raw("\(upper)")),
      ]
    case .seconds(let range):
      return [
        ("type", .text("number")), ("minimum", .raw(range.lowerBound.decimalSeconds)),
        ("maximum", .raw(range.upperBound.decimalSeconds)),
      ]
    case .text(let phrase): return [("type", .text("string")), ("$comment", .text(phrase))]
    case .oneOf(let words): return [("enum", .list(words.map { .text($0) }))]
    case .list(let item):
      return [
        ("type", .list([.text("array"), .text("null")])), ("items", .object(self.shape(item))),
      ]
    case .either(let one, let other):
      return [("anyOf", .list([.object(self.shape(one)), .object(self.shape(other))]))]
    case .section(let keys): return section(keys, isOptional: true)
    case .like(let path, _): return [("$ref", .text(pointer(to: path)))]
    }
  }

  /// `egress.allowlist[].port` as a JSON Pointer into the schema.
  private static func pointer(to path: String) -> String {
    path.split(separator: ".").reduce("#") { pointer, step in
      step.hasSuffix("[]")
        ? "\(pointer)/properties/\(step.dropLast(2))/items" : "\(pointer)/properties/\(step)"
    }
  }

  /// A default as a document would spell it; nil for one that is a phrase.
  private static func value(_ shown: String, of shape: ValueShape) -> JSONSchemaText? {
    switch shape {
    case .boolean: ["true", "false"].contains(shown) ? .raw(shown) : nil
    case .integer: Int(shown).map { .raw("\($0)") }
    case .positive, .seconds:
      Scalar(text: shown, isPlain: true).isDecimal ? .raw(shown) : nil
    case .oneOf(let words): words.contains(shown) ? .text(shown) : nil
    case .either(let one, _): value(shown, of: one)
    case .text, .list, .section, .like: nil
    }
  }
}
