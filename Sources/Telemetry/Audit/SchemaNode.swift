/// A piece of a JSON Schema; members keep their order.
indirect enum SchemaNode {
  case text(String)
  case integer(Int)
  case boolean(Bool)
  case texts([String])
  case object([(String, SchemaNode)])

  static func string(pattern: String, format: String? = nil) -> SchemaNode {
    .object(
      [("type", .text("string")), ("pattern", .text(pattern))]
        + (format.map { [("format", .text($0))] } ?? []))
  }

  static func integer(from lowest: Int, to highest: Int? = nil) -> SchemaNode {
    .object(
      [("type", .text("integer")), ("minimum", .integer(lowest))]
        + (highest.map { [("maximum", .integer($0))] } ?? []))
  }

  /// One of the words of an enumeration.
  static func oneOf<Words: CaseIterable & RawRepresentable>(_: Words.Type) -> SchemaNode
  where Words.RawValue == String {
    .object([("enum", .texts(Words.allCases.map(\.rawValue)))])
  }

  /// JSON, indented by two spaces, without a final line end.
  var text: String {
    var buffer = TextBuffer()
    append(to: &buffer, indent: "\n")
    return buffer.description
  }

  /// - Parameter indent: what a line of this node begins with, its line feed included.
  private func append(to buffer: inout TextBuffer, indent: String) {
    switch self {
    case .text(let text): Self.append(text, to: &buffer)
    case .integer(let value): buffer.append("\(value)")
    case .boolean(let value): buffer.append(value ? "true" : "false")
    case .texts(let texts):
      buffer.append("[")
      for (index, text) in texts.enumerated() {
        buffer.append((index == 0 ? "" : ",") + indent + "  ")
        Self.append(text, to: &buffer)
      }
      buffer.append(indent + "]")
    case .object(let members):
      buffer.append("{")
      for (index, (name, value)) in members.enumerated() {
        buffer.append((index == 0 ? "" : ",") + indent + "  ")
        Self.append(name, to: &buffer)
        buffer.append(": ")
        value.append(to: &buffer, indent: indent + "  ")
      }
      buffer.append(indent + "}")
    }
  }

  private static func append(_ text: String, to buffer: inout TextBuffer) {
    buffer.append("\"")
    buffer.append(escaping: text)
    buffer.append("\"")
  }
}
