import Foundation
import TestNetwork
import Testing

/// What the README shows must be true.
struct ReadmeTests {
  static let readme = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("README.md")

  static func policy() throws -> String {
    let text = try String(contentsOf: readme, encoding: .utf8)
    let block = try #require(text.firstMatch(of: /(?s)```yaml\n(.*?)```/))
    return String(block.output.1)
  }

  @Test func `the policy on the first screen has ten lines`() throws {
    #expect(try Self.policy().split(separator: "\n").count == 10)
  }

  static let questions: [([String], Int32)] = [
    (["https://api.github.com/"], 0),
    (["https://files.pypi.org/"], 0),
    (["http://deb.debian.org/"], 0),
    (["https://pypi.org/"], 1),
    (["--method", "DELETE", "http://deb.debian.org/"], 1),
    (["https://example.com/"], 1),
  ]

  @Test(arguments: questions)
  func `the policy on the first screen decides as its comments say`(
    arguments: [String], status: Int32
  ) throws {
    let path = Scratch.file("policy.yaml", try Self.policy())
    let check = try RunningProcess(
      [try Binary.sidecar.path, "check", "--config", path] + arguments
    ).wait()
    #expect(check.status == status, "\(check.output)\(check.errors)")
  }
}
