import Foundation
import Policy
import PolicyAnalysis
import Testing

/// docs/policy-tools.md shows what the commands print.
@Suite struct PolicyToolsPageTests {
  private let page: String

  init() throws {
    page = try String(
      contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../docs/policy-tools.md"), encoding: .utf8)
  }

  /// The blocks of this language, in order.
  private func blocks(_ language: String) -> [String] {
    page.components(separatedBy: "```\(language)\n").dropFirst().map {
      $0.components(separatedBy: "```")[0]
    }
  }

  /// What a command prints on the page.
  private func output(of command: String) throws -> [String] {
    let block = try #require(
      blocks("console").first { $0.hasPrefix("$ portarium-sidecar \(command)") })
    return block.split(separator: "\n", omittingEmptySubsequences: false).dropFirst().dropLast()
      .map(String.init)
  }

  private func scan<Analysis: RecordAnalysis>(
    _ analysis: Analysis
  ) throws -> (Analysis, LogAccount) {
    var scan = LogScan(analysis)
    scan.begin("audit.log")
    scan.feed(Array(try #require(blocks("json").first).utf8).span)
    scan.end()
    #expect(scan.account.sentences.isEmpty)
    return (scan.analysis, scan.account)
  }

  private func policy(_ document: String) throws -> Ruleset {
    try Ruleset.reading(document.replacing("workspaceId: ws-billing\n", with: ""))
  }

  @Test func `check prints what the page shows`() throws {
    let (output, exitCode) = Check.run(
      targets: ["10.20.7.0/24:5432", "10.0.0.0/8:5432", "10.20.0.5:22"], json: false,
      ruleset: try policy(blocks("yaml")[0]))
    #expect(output == (try self.output(of: "check")))
    #expect(exitCode == 1)
  }

  @Test func `replay prints what the page shows`() throws {
    let ruleset = try policy(blocks("yaml")[1])
    let (replay, account) = try scan(Replay(ruleset))
    #expect(replay.textLines(account) == (try output(of: "replay")))
  }

  @Test func `suggest prints what the page shows, and it is an allowlist`() throws {
    let (suggest, account) = try scan(Suggest())
    let shown = try output(of: "suggest")
    #expect(suggest.yamlLines(account) == shown)
    #expect(try Ruleset.reading(shown.joined(separator: "\n")).ruleCount == 3)
  }
}
