import Configuration
import Foundation
import Testing

/// docs/configuration.md says of each key what its declaration says.
@Suite struct ReferenceTests {
  static let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../docs/configuration.md")

  /// The table row of a key; a section has a heading instead.
  private func line(_ path: String, _ key: KeyDeclaration) -> String {
    switch key.shape {
    case .section, .list(of: .section): "## `\(path)`"
    default: "| `\(path)` | \(text(key.shape)) | \(text(key.presence)) | \(key.meaning) |"
    }
  }

  private func text(_ shape: ValueShape) -> String {
    switch shape {
    case .boolean: "`true` or `false`"
    case .integer(let range): "integer, \(range.lowerBound) to \(range.upperBound)"
    case .seconds(let range):
      "seconds, \(range.lowerBound.decimalSeconds) to \(range.upperBound.decimalSeconds)"
    case .text(let phrase): phrase
    case .oneOf(let words): words.map { "`\($0)`" }.joined(separator: " or ")
    case .list(let item): "list of: \(text(item))"
    case .either(let one, .list(let item)) where text(one) == text(item):
      "one or a list of: \(text(one))"
    case .either(let one, let other): "\(text(one)); or \(text(other))"
    case .section: "section"
    case .positive(let highest): "number, more than 0, at most \(highest)"
    case .like(let path, _): "as `\(path)`"
    }
  }

  private func text(_ presence: KeyDeclaration.Presence) -> String {
    switch presence {
    case .required: "**required**"
    case .otherwise(let value): value
    case .section: "its keys' defaults"
    }
  }

  @Test func `every key stands in the reference as it is declared, and no other`() throws {
    let page = try String(contentsOf: Self.page, encoding: .utf8)
    let documented = page.split(separator: "\n").map(String.init).filter {
      $0.hasPrefix("| `") || $0.hasPrefix("## `")
    }
    let declared = Document.schema.flatMap { $0.flattened() }.map(line)
    #expect(Set(documented) == Set(declared))
    #expect(documented.count == declared.count)
    for line in declared where !documented.contains(line) { Issue.record("missing: \(line)") }
  }

  @Test func `the reference's example is a document without warnings`() throws {
    let page = try String(contentsOf: Self.page, encoding: .utf8)
    let example = try #require(
      page.components(separatedBy: "```yaml\n").dropFirst().first?
        .components(separatedBy: "```").first)
    #expect(try warnings(example) == [])
  }

  @Test func `every declared key is read`() {
    for (path, _) in Document.schema.flatMap({ $0.flattened() }) {
      // A section in place of every value, and a value in place of every section.
      let text = path.split(separator: ".").reversed().reduce("{x: 1}") { inner, part in
        part.hasSuffix("[]") ? "{\(part.dropLast(2)): [\(inner)]}" : "{\(part): \(inner)}"
      }
      let known = path.replacing("[]", with: "[0]")
      #expect(
        !errors(text).contains { $0.contains(": \(known): there is no such key") }, "\(path)")
    }
  }
}
