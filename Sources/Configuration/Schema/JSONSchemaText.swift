/// A JSON value on its way to a file that people read, too.
indirect enum JSONSchemaText {
  /// Members in this order.
  case object([(String, JSONSchemaText)])
  case list([JSONSchemaText])
  case text(String)
  /// A number or `false`, as it is written.
  case raw(String)

  /// Indented by two spaces a level; what holds no object or list of them stands on one line.
  var lines: [String] {
    switch self {
    case .object(let members) where !members.isEmpty:
      let inside = members.map { key, value in
        let lines = value.lines
        return [Self.quoted(key) + ": " + lines[0]] + lines.dropFirst()
      }
      return Self.wrapped(inside, "{", "}")
    case .list(let values) where values.contains(where: \.isNested):
      return Self.wrapped(values.map(\.lines), "[", "]")
    case .object: return ["{}"]
    case .list(let values): return ["[" + values.map { $0.lines[0] }.joined(separator: ", ") + "]"]
    case .text(let text): return [Self.quoted(text)]
    case .raw(let text): return [text]
    }
  }

  private var isNested: Bool {
    switch self {
    case .object, .list: true
    case .text, .raw: false
    }
  }

  private static func wrapped(_ parts: [[String]], _ open: String, _ close: String) -> [String] {
    var lines = [open]
    for (index, part) in parts.enumerated() {
      lines += part.map { "  " + $0 }
      if index < parts.count - 1 { lines[lines.count - 1] += "," }
    }
    return lines + [close]
  }

  /// RFC 8259 §7; what is quoted here are our own sentences, which hold no control characters.
  private static func quoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }
}
