import Foundation
import Policy
import Telemetry
import Testing

@Suite("The schema of an audit record")
struct AuditRecordSchemaTests {
  private func schema() throws -> [String: Any] { try parse(AuditRecordSchema.text) }

  @Test("is the one in docs/schema")
  func committed() throws {
    let committed = try String(
      contentsOf: URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/schema/audit-record.json"), encoding: .utf8)
    #expect(committed == AuditRecordSchema.text)
  }

  @Test("knows every field that is written, and requires those that always are")
  func fields() throws {
    let schema = try schema()
    let properties = try #require(schema["properties"] as? [String: Any])
    var encoder = AuditEncoder(workspaceID: "w")
    encoder.agentID = "spiffe://example.org/b"
    var buffer = TextBuffer()
    let text = Array("x".utf8)
    encoder.encode(
      .sample, host: text.span, method: text.span, path: text.span, traceparent: text.span,
      peer: AuditPeer(id: "spiffe://example.org/a", failure: "it failed"), into: &buffer)
    #expect(Set(properties.keys) == Set(try parse(buffer.description).keys))

    encoder.agentID = nil
    var record = AuditRecord.sample
    record.reason = nil
    record.matchedRule = nil
    record.policy = nil
    record.destination = nil
    record.responseStatus = 0
    buffer.removeAll()
    encoder.encode(
      record, host: Span(), method: Span(), path: Span(), traceparent: Span(), into: &buffer)
    #expect(
      Set(try #require(schema["required"] as? [String])) == Set(try parse(buffer.description).keys))
  }

  @Test("has the closed lists of the code")
  func words() throws {
    let properties = try #require(try schema()["properties"] as? [String: [String: Any]])
    #expect(properties["policyReason"]?["enum"] as? [String] == DenyReason.allCases.map(\.rawValue))
    #expect(
      properties["outcome"]?["enum"] as? [String]
        == AuditRecord.Outcome.allCases.map(\.rawValue))
  }

  @Test("knows every attribute of the envelope")
  func envelope() throws {
    let definitions = try #require(try schema()["$defs"] as? [String: [String: Any]])
    let event = try #require(definitions["cloudEvent"])
    var encoder = AuditEncoder(workspaceID: "w", format: .cloudEvents)
    var buffer = TextBuffer()
    encoder.encode(
      .sample, host: Span(), method: Span(), path: Span(), traceparent: Span(), into: &buffer)
    let written = Set(try parse(buffer.description).keys)
    #expect(Set(try #require(event["required"] as? [String])) == written)
    #expect(Set(try #require(event["properties"] as? [String: Any]).keys) == written)
  }
}
