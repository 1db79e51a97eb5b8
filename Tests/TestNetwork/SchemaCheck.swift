import Foundation

/// Checks values against a JSON Schema, as far as the project's own schemas go: `type`, `enum`,
/// `const`, `pattern`, `minimum`, `maximum`, `minLength`, `required`, `properties`, `if`, `then`
/// and `else`. Any other keyword that restricts is reported, so that none is taken for checked.
package struct SchemaCheck {
  private let schema: [String: Any]

  /// Reads a file in `docs/schema`.
  package init(_ name: String) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../docs/schema/\(name)")
    let value = try JSONSerialization.jsonObject(with: Data(contentsOf: path))
    schema = value as? [String: Any] ?? [:]
  }

  /// What is wrong with a line of JSON; empty where nothing is.
  package func complaints(about line: String) -> [String] {
    guard let value = try? JSONSerialization.jsonObject(with: Data(line.utf8)) else {
      return ["no JSON"]
    }
    return Self.complaints(about: value, by: schema, at: "")
  }

  private static let known: Set<String> = [
    "$schema", "$defs", "title", "description", "format", "type", "enum", "const", "pattern",
    "minimum", "maximum", "minLength", "required", "properties", "if", "then", "else",
  ]

  private static func complaints(
    about value: Any, by schema: Any, at path: String
  ) -> [String] {
    if let allows = schema as? Bool { return allows ? [] : ["\(path) must not be there"] }
    guard let schema = schema as? [String: Any] else { return ["\(path): no schema"] }
    var found = schema.keys.filter { !known.contains($0) }.map { "\(path): keyword \($0)" }
    func expect(_ holds: Bool, _ complaint: String) {
      if !holds { found.append("\(path): \(complaint): \(value)") }
    }
    if let type = schema["type"] as? String { expect(isOf(type, value), "no \(type)") }
    if let text = value as? String {
      if let words = schema["enum"] as? [String] { expect(words.contains(text), "no such word") }
      if let word = schema["const"] as? String { expect(word == text, "not \(word)") }
      if let pattern = schema["pattern"] as? String {
        expect(text.range(of: pattern, options: .regularExpression) != nil, "not \(pattern)")
      }
      if let least = schema["minLength"] as? Int { expect(text.count >= least, "too short") }
    }
    if let number = value as? NSNumber {
      if let least = schema["minimum"] as? Double { expect(number.doubleValue >= least, "small") }
      if let most = schema["maximum"] as? Double { expect(number.doubleValue <= most, "large") }
    }
    if let members = value as? [String: Any] {
      for name in schema["required"] as? [String] ?? [] {
        expect(members[name] != nil, "without \(name)")
      }
      for (name, inner) in schema["properties"] as? [String: Any] ?? [:] {
        guard let member = members[name] else { continue }
        found += complaints(about: member, by: inner, at: "\(path).\(name)")
      }
    }
    if let condition = schema["if"] {
      let holds = complaints(about: value, by: condition, at: path).isEmpty
      if let branch = schema[holds ? "then" : "else"] {
        found += complaints(about: value, by: branch, at: path)
      }
    }
    return found
  }

  private static func isOf(_ type: String, _ value: Any) -> Bool {
    switch type {
    case "object": return value is [String: Any]
    case "string": return value is String
    default:
      guard let number = value as? NSNumber else { return false }
      let isBoolean = unsafe String(cString: number.objCType) == "c"
      switch type {
      case "boolean": return isBoolean
      case "integer": return !isBoolean && number.doubleValue == number.doubleValue.rounded()
      case "number": return !isBoolean
      default: return false
      }
    }
  }
}
