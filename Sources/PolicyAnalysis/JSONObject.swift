/// A JSON object in the making, on one line.
struct JSONObject {
  private var members: [String] = []

  var text: String { "{" + members.joined(separator: ",") + "}" }

  mutating func add(_ key: String, _ value: String) { member(key, Self.quoted(value)) }
  mutating func add(_ key: String, _ value: Int) { member(key, String(value)) }
  mutating func add(_ key: String, _ value: Bool) { member(key, value ? "true" : "false") }
  mutating func add(_ key: String, _ value: JSONObject) { member(key, value.text) }

  mutating func add(_ key: String, _ values: [JSONObject]) {
    member(key, "[" + values.map(\.text).joined(separator: ",") + "]")
  }

  /// How many records there are of each reason.
  mutating func add(_ key: String, counts: [(label: String, count: Int)]) {
    add(
      key,
      counts.map { label, count in
        var entry = JSONObject()
        entry.add("reason", label)
        entry.add("count", count)
        return entry
      })
  }

  mutating func add(_ key: String, _ values: [Int]) {
    member(key, "[" + values.map(String.init).joined(separator: ",") + "]")
  }

  mutating func add(_ key: String, _ values: [String]) {
    member(key, "[" + values.map(Self.quoted).joined(separator: ",") + "]")
  }

  private mutating func member(_ key: String, _ value: String) {
    members.append(Self.quoted(key) + ":" + value)
  }

  /// RFC 8259 §7, with everything outside ASCII as it is.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\0"..."\u{1f}", "\u{7f}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
