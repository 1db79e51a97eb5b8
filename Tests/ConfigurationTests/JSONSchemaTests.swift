import Foundation
import Testing

@testable import Configuration

/// docs/schema/configuration.json is what the keys' declarations make, and fits what documents are.
@Suite struct JSONSchemaTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  private let schema: JSONSchemaReader

  init() throws {
    let object = try JSONSerialization.jsonObject(with: Data(Document.jsonSchema.utf8))
    schema = JSONSchemaReader(try #require(object as? [String: Any]))
  }

  @Test func `the committed schema is what the declarations make`() throws {
    #expect(try Self.text("docs/schema/configuration.json") == Document.jsonSchema)
  }

  private func complaints(_ yaml: String) throws -> [String] {
    let root = TreeBuilder.tree(of: Array(yaml.utf8), Findings(file: "c.yaml"))
    return schema.complaints(about: try #require(root).json)
  }

  private static let pages = ["README.md", "docs/configuration.md", "docs/policy-tools.md"]

  @Test(arguments: pages)
  func `the documents on our pages fit it`(page: String) throws {
    let blocks = try Self.text(page).components(separatedBy: "```yaml\n").dropFirst().map {
      $0.components(separatedBy: "```")[0]
    }.filter { $0.contains("workspaceId:") && $0.hasPrefix("workspaceId") }
    #expect(!blocks.isEmpty)
    for block in blocks { #expect(try complaints(block) == [], "\(block)") }
  }

  @Test func `the documents beside the golden rulesets fit it`() throws {
    let golden = Self.root.appendingPathComponent("initcontainer/golden").path
    let names = try FileManager.default.contentsOfDirectory(atPath: golden).filter {
      $0.hasSuffix(".yaml")
    }
    #expect(names.count > 30)
    for name in names {
      #expect(try complaints(Self.text("initcontainer/golden/\(name)")) == [], "\(name)")
    }
  }

  @Test(
    arguments: [
      ("{}", ": workspaceId is missing"),
      ("{workspaceId: 1}", "workspaceId: is of another type"),
      ("{workspaceId: a, proxy_port: 1}", ": proxy_port is no property"),
      ("{workspaceId: a, proxyPort: 0}", "proxyPort: is out of range"),
      ("{workspaceId: a, workers: 1.5}", "workers: is of another type"),
      ("{workspaceId: a, enforcementMode: off}", "enforcementMode: is none of its words"),
      (
        "{workspaceId: a, egress: {allowlist: [{port: 1}]}}",
        "egress.allowlist[0]: hostPattern is missing"
      ),
      (
        "{workspaceId: a, egress: {allowlist: [{hostPattern: b, ports: [0]}]}}",
        "egress.allowlist[0].ports[0]: fits none of its forms"
      ),
      (
        "{workspaceId: a, egress: {policies: [{name: b, sources: [10.0.0.1], allowlist: [{}]}]}}",
        "egress.policies[0].allowlist[0]: hostPattern is missing"
      ),
      ("{workspaceId: a, limits: {peekSeconds: 0}}", "limits.peekSeconds: is out of range"),
      ("{workspaceId: a, capture: {proxyUID: [x]}}", "capture.proxyUID: fits none of its forms"),
    ])
  func `it refuses what the programs refuse`(yaml: String, complaint: String) throws {
    #expect(try complaints(yaml) == [complaint])
    #expect(!errors(yaml).isEmpty)
  }

  @Test func `defaults are values of their keys`() throws {
    #expect(schema.defaults.count > 20)
    for (value, owner) in schema.defaults {
      #expect(schema.complaints(about: value, owner) == [], "\(owner)")
    }
  }
}

/// As much of JSON Schema as ours uses.
struct JSONSchemaReader {
  private let root: [String: Any]

  init(_ root: [String: Any]) { self.root = root }

  func complaints(about value: Any) -> [String] { complaints(about: value, root) }

  func complaints(about value: Any, _ schema: [String: Any], at path: String = "") -> [String] {
    if let pointer = schema["$ref"] as? String {
      return complaints(about: value, resolve(pointer), at: path)
    }
    if let forms = schema["anyOf"] as? [[String: Any]] {
      let fits = forms.contains { complaints(about: value, $0).isEmpty }
      return fits ? [] : ["\(path): fits none of its forms"]
    }
    if let words = schema["enum"] as? [String] {
      return (value as? String).map(words.contains) == true
        ? [] : ["\(path): is none of its words"]
    }
    let types = (schema["type"] as? [String]) ?? [schema["type"] as? String ?? ""]
    switch value {
    case is NSNull where types.contains("null"): return []
    case let text as String where types.contains("string"): return text.isEmpty ? ["empty"] : []
    case is Bool where types.contains("boolean"): return []
    case let number as Double where types.contains("number"):
      return inRange(number, schema) ? [] : ["\(path): is out of range"]
    case let number as Double where types.contains("integer") && number == number.rounded():
      return inRange(number, schema) ? [] : ["\(path): is out of range"]
    case let list as [Any] where types.contains("array"):
      return list.enumerated().flatMap {
        complaints(about: $1, schema["items"] as? [String: Any] ?? [:], at: "\(path)[\($0)]")
      }
    case let object as [String: Any] where types.contains("object"):
      return complaints(aboutObject: object, schema, at: path)
    default: return ["\(path): is of another type"]
    }
  }

  private func complaints(
    aboutObject object: [String: Any], _ schema: [String: Any], at path: String
  ) -> [String] {
    let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
    let missing = (schema["required"] as? [String] ?? []).filter { object[$0] == nil }
    return missing.map { "\(path): \($0) is missing" }
      + object.sorted { $0.key < $1.key }.flatMap { key, value -> [String] in
        guard let property = properties[key] else { return ["\(path): \(key) is no property"] }
        return complaints(about: value, property, at: path.isEmpty ? key : "\(path).\(key)")
      }
  }

  private func inRange(_ number: Double, _ schema: [String: Any]) -> Bool {
    func bound(_ key: String) -> Double? { (schema[key] as? NSNumber)?.doubleValue }
    if let least = bound("minimum"), number < least { return false }
    if let most = bound("maximum"), number > most { return false }
    if let least = bound("exclusiveMinimum"), number <= least { return false }
    return true
  }

  private func resolve(_ pointer: String) -> [String: Any] {
    pointer.split(separator: "/").dropFirst().reduce(root) { schema, step in
      schema[String(step)] as? [String: Any] ?? [:]
    }
  }

  /// Every default with the schema that it is one of.
  var defaults: [(value: Any, owner: [String: Any])] { Self.defaults(in: root) }

  private static func defaults(in schema: [String: Any]) -> [(Any, [String: Any])] {
    let own = schema["default"].map { [(typed($0, schema), schema)] } ?? []
    let below = schema["properties"] as? [String: [String: Any]] ?? [:]
    let items = (schema["items"] as? [String: Any]).map { [$0] } ?? []
    return own + (Array(below.values) + items).flatMap { defaults(in: $0) }
  }

  /// A value of Foundation's as `Node.json` has it.
  private static func typed(_ value: Any, _ owner: [String: Any]) -> Any {
    guard let number = value as? NSNumber else { return value }
    return owner["type"] as? String == "boolean" ? number.boolValue : number.doubleValue
  }
}

extension Node {
  /// The value as JSON has it, numbers as `Double`.
  fileprivate var json: Any {
    switch content {
    case .refused: return NSNull()
    case .mapping(let entries):
      return Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0.value.json) })
    case .sequence(let nodes): return nodes.map(\.json)
    case .scalar(let scalar):
      if scalar.isNull { return NSNull() }
      if let value = scalar.boolean { return value }
      if scalar.isDecimal, let number = Double(scalar.text) { return number }
      if scalar.isPlain, scalar.text.hasPrefix("0x"),
        let bits = UInt32(scalar.text.dropFirst(2), radix: 16)
      {
        return Double(bits)
      }
      return scalar.text
    }
  }
}
