import Foundation
import Policy
import Telemetry
import Testing

/// What docs/audit.md and docs/operations.md list is what is written, no more and no less.
@Suite("The documents")
struct AuditDocumentTests {
  @Test("list every audit field in the order in which it is written")
  func fields() throws {
    var encoder = AuditEncoder(workspaceID: "w")
    encoder.agentID = "spiffe://example.org/b"
    var buffer = TextBuffer()
    let text = Array("x".utf8)
    encoder.encode(
      .sample, host: text.span, method: text.span, path: text.span, traceparent: text.span,
      peer: AuditPeer(id: "spiffe://example.org/a", failure: "it failed"), into: &buffer)
    let written = buffer.description.matches(of: /"([A-Za-z]+)":/).map { String($0.1) }
    #expect(try codes(in: "audit.md", underHeading: "| Field |") == written)
  }

  @Test("list the fields of a record that knows nothing as never left out")
  func mandatoryFields() throws {
    var record = AuditRecord.sample
    record.reason = nil
    record.matchedRule = nil
    record.policy = nil
    record.destination = nil
    record.responseStatus = 0
    var encoder = AuditEncoder(workspaceID: "w")
    var buffer = TextBuffer()
    encoder.encode(
      record, host: Span(), method: Span(), path: Span(), traceparent: Span(), into: &buffer)
    let never = try rows(in: "audit.md", underHeading: "| Field |")
      .filter { $0.hasSuffix("| never |") }
      .compactMap { $0.firstMatch(of: /`([A-Za-z]+)`/).map { String($0.1) } }
    #expect(Set(never) == Set(try parse(buffer.description).keys))
  }

  @Test("give an example that has documented fields alone")
  func example() throws {
    let example = try #require(
      document("audit.md").split(separator: "\n").first { $0.hasPrefix("{") })
    let known = try codes(in: "audit.md", underHeading: "| Field |")
    #expect(Set(try parse(String(example)).keys).isSubset(of: known))
  }

  @Test("list every deny reason once")
  func reasons() throws {
    let section = try #require(
      document("audit.md").components(separatedBy: "\n## Reasons\n").last?
        .components(separatedBy: "\n## ").first)
    let listed = section.matches(of: /`([a-z-]+-[a-z-]+)`/).map { String($0.1) }
    #expect(listed.sorted() == DenyReason.allCases.map(\.rawValue).sorted())
  }

  /// There are more, which others than the workers' counters make.
  @Test("list every metric that workers count, and each once")
  func metrics() throws {
    var buffer = TextBuffer()
    WorkerCounters.appendMetrics(of: [WorkerCounters()], to: &buffer)
    let rendered = buffer.description.matches(of: /TYPE ([a-z_]+)\s/).map { String($0.1) }
    let listed = try document("operations.md").matches(of: /\| [^|]*\|/)
      .flatMap { $0.0.matches(of: /`(portarium_[a-z_]+)/).map { String($0.1) } }
    #expect(Set(rendered).subtracting(listed) == [])
    #expect(listed.count == Set(listed).count)
  }

  private func document(_ name: String) throws -> String {
    try String(
      contentsOf: URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/\(name)"), encoding: .utf8)
  }

  /// The rows of the table whose first line begins with `heading`.
  private func rows(in name: String, underHeading heading: String) throws -> [String] {
    let lines = try document(name).components(separatedBy: "\n")
    let first = try #require(lines.firstIndex { $0.hasPrefix(heading) })
    return Array(lines[(first + 2)...].prefix { $0.hasPrefix("|") })
  }

  /// The first code of each row.
  private func codes(in name: String, underHeading heading: String) throws -> [String] {
    try rows(in: name, underHeading: heading)
      .compactMap { $0.firstMatch(of: /`([A-Za-z]+)`/).map { String($0.1) } }
  }
}
