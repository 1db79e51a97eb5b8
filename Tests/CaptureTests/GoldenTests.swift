import Addressing
import Configuration
import Foundation
import Testing

@testable import Capture

/// initcontainer/golden holds documents, the text that `plan` prints for each, and flows that show what
/// it does; the integration tests send those.
@Suite("The plan's text is what is written down")
struct GoldenTests {
  static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("initcontainer/golden")

  static var names: [String] {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
    return entries.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
  }

  @Test(
    "There is a text for every document, and a document for every text",
    arguments: [".nft", ".flows"])
  func pairs(ending: String) throws {
    let entries = try FileManager.default.contentsOfDirectory(atPath: Self.directory.path)
    let texts = entries.filter { $0.hasSuffix(ending) }.map { String($0.dropLast(ending.count)) }
    #expect(texts.sorted() == Self.names)
    #expect(texts.count >= 44)
  }

  @Test("Each says in its first line what it shows", arguments: names)
  func comment(name: String) throws {
    let text = try String(
      contentsOf: Self.directory.appendingPathComponent("\(name).yaml"), encoding: .utf8)
    #expect(text.hasPrefix("# "))
  }

  @Test("Byte for byte", arguments: names)
  func text(name: String) throws {
    let bytes = try Data(contentsOf: Self.directory.appendingPathComponent("\(name).yaml"))
    let document = try Document.parse(Array(bytes), file: name).document
    let expected = try String(
      contentsOf: Self.directory.appendingPathComponent("\(name).nft"), encoding: .utf8)
    #expect(CapturePlan(document).nftText == expected)
  }
}
