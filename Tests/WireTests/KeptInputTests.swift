import Foundation
import Testing
import WireProperties

/// The inputs that fuzzing left: those that reach the most of each parser, and each one on which a
/// property once failed.
@Suite("Kept input")
struct KeptInputTests {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fuzz")

  static func inputs(_ folder: String, of property: WireProperty) throws -> [URL] {
    let path = root.appendingPathComponent("\(folder)/\(property.rawValue)").path
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: path)
      .map { URL(fileURLWithPath: path).appendingPathComponent($0) }
  }

  func expectHolds(_ property: WireProperty, _ input: URL) throws {
    let violation = property.violation(in: Array(try Data(contentsOf: input)))
    #expect(violation == nil, "\(input.lastPathComponent): \(violation?.description ?? "")")
  }

  @Test("of the corpus breaks no property", arguments: WireProperty.allCases)
  func corpus(_ property: WireProperty) throws {
    let inputs = try Self.inputs("Corpus", of: property)
    #expect(inputs.count >= 10)
    for input in inputs { try expectHolds(property, input) }
  }

  @Test("on which a property failed does so no more", arguments: WireProperty.allCases)
  func failCases(_ property: WireProperty) throws {
    for input in try Self.inputs("FailCases", of: property) { try expectHolds(property, input) }
  }
}
