import Telemetry

/// Writes JSON value by value, so that a long list is never held twice.
struct JSONWriter: ~Copyable {
  private(set) var text = TextBuffer()
  /// A value stands before the next one in the same list or object.
  private var needsComma = false

  mutating func object(_ key: StaticString? = nil, _ body: (inout JSONWriter) -> Void) {
    nest("{", "}", key, body)
  }

  mutating func list(_ key: StaticString, _ body: (inout JSONWriter) -> Void) {
    nest("[", "]", key, body)
  }

  mutating func strings(_ key: StaticString, _ values: some Sequence<String>) {
    list(key) { writer in
      for value in values { writer.string(nil, value) }
    }
  }

  mutating func string(_ key: StaticString?, _ value: String?) {
    guard let value else { return literal(key, "null") }
    begin(key)
    text.append("\"")
    text.append(escaping: value)
    text.append("\"")
  }

  mutating func number(_ key: StaticString?, _ value: some BinaryInteger) {
    literal(key, "\(value)")
  }

  mutating func boolean(_ key: StaticString, _ value: Bool?) {
    literal(key, value.map { "\($0)" } ?? "null")
  }

  /// What is JSON as it stands, such as a decimal number.
  mutating func literal(_ key: StaticString?, _ value: String) {
    begin(key)
    text.append(value)
  }

  private mutating func nest(
    _ opening: StaticString, _ closing: StaticString, _ key: StaticString?,
    _ body: (inout JSONWriter) -> Void
  ) {
    begin(key)
    text.append("\(opening)")
    needsComma = false
    body(&self)
    text.append("\(closing)")
    needsComma = true
  }

  private mutating func begin(_ key: StaticString?) {
    if needsComma { text.append(",") }
    if let key { text.append("\"\(key)\":") }
    needsComma = true
  }
}
