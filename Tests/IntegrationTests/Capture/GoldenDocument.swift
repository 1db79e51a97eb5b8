import Configuration
import Foundation
import TestNetwork
import Testing

/// A document of initcontainer/golden with what stands beside it.
struct GoldenDocument: Sendable, CustomTestStringConvertible {
  let name: String
  /// Its place among all, by which each has source ports of its own.
  let index: Int
  let text: String
  let document: Document

  var testDescription: String { name }

  private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("initcontainer/golden")

  /// Those that can be read; that all can, a unit test sees to.
  static let all: [GoldenDocument] = {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
    let names = entries.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    return names.enumerated().compactMap { index, name in
      guard let text = try? contents("\(name).yaml"),
        let document = try? Document.parse(Array(text.utf8), file: name).document
      else { return nil }
      return GoldenDocument(name: name, index: index, text: text, document: document)
    }
  }()

  private static func contents(_ file: String) throws -> String {
    try String(contentsOf: directory.appendingPathComponent(file), encoding: .utf8)
  }

  /// What `plan` prints.
  var plan: String { get throws { try Self.contents("\(name).nft") } }

  var flows: [GoldenFlow] { get throws { try GoldenFlow.all(in: Self.contents("\(name).flows")) } }

  /// What `nft` lists once the document is applied where /etc/resolv.conf names these.
  func listing(resolvers: GoldenScene.Addresses) throws -> String {
    let table = try plan.split(separator: "\n", omittingEmptySubsequences: false)
      .drop { $0.hasPrefix("#") }.joined(separator: "\n")
    guard document.capture.resolvers == nil else { return table }
    return
      table
      .replacingOccurrences(
        of: "\t\ttype ipv4_addr\n\t}",
        with: "\t\ttype ipv4_addr\n\t\telements = { \(resolvers.v4) }\n\t}"
      )
      .replacingOccurrences(
        of: "\t\ttype ipv6_addr\n\t}",
        with: "\t\ttype ipv6_addr\n\t\telements = { \(resolvers.v6) }\n\t}")
  }
}
