import Foundation
import TestNetwork
import Testing

/// The data plane, `check` and `replay` say the same.
@Suite("Verdicts", .enabled(if: Requirement.privileged), .serialized)
struct AgreementTests {
  @Test("are the same from the data plane, from check and from replay")
  func agreement() throws {
    let flows = AgreementFlow.all
    #expect(flows.count >= 500)
    let records = try Self.send(flows)
    let byKey = Dictionary(grouping: records, by: AgreementFlow.key)
    #expect(records.count == flows.count)

    let checked = try Self.check(flows)
    var verdicts: [String: Int] = [:]
    for (flow, said) in zip(flows, checked) {
      let found = byKey[flow.key] ?? []
      #expect(found.count == 1, "\(flow.key): \(found)")
      guard let record = found.first else { continue }
      let verdict = "\(record.decision) \(record.reason)\(record.rule)"
      #expect(said == Verdict(record), "\(flow.method) \(flow.target): \(record)")
      verdicts[verdict, default: 0] += 1
    }
    // The document has a rule for each of these, and flows that fail by each.
    #expect(verdicts.count >= 15, "\(verdicts)")

    let log = Scratch.file("audit.log", records.map { $0.line + "\n" }.joined())
    let replay = try Self.sidecar(["replay", "--json", log])
    #expect(replay.status == 0, "\(replay.errors)")
    #expect(
      replay.output.hasPrefix(
        #"{"records":\#(flows.count),"replayed":\#(flows.count),"flips":0,"moved":0,"groups":[],"#),
      "\(replay.output)")

    // What is suggested of the log admits what was allowed in it, and is a document.
    let suggested = try Self.sidecar(["suggest", log], document: nil).checked().output
    let document = "workspaceId: ws-test\n" + suggested
    try Self.sidecar(["validate"], document: document).checked()
    let other = try Self.sidecar(["replay", "--json", log], document: document)
    #expect(!other.output.contains(#""was":{"policyDecision":"allow""#), "\(other.output)")
  }

  private struct Verdict: Equatable, Decodable {
    let policyDecision: String
    let enforced: Bool
    let policyReason: String?
    let matchedRule: String?

    init(_ record: AuditRecord) {
      policyDecision = record.decision
      enforced = record[number: "enforced"] == 1
      policyReason = record.reason.isEmpty ? nil : record.reason
      matchedRule = record.rule.isEmpty ? nil : record.rule
    }
  }

  /// Sends the flows from a pod with both programs in it; what the sidecar recorded.
  private static func send(_ flows: [AgreementFlow]) throws -> [AuditRecord] {
    let network = try PodNetwork()
    // All addresses of these blocks are the world's.
    try network.world.ip("route", "add", "local", "10.78.0.0/15", "dev", "lo")
    try network.world.ip("-6", "route", "add", "local", "fd78::/15", "dev", "lo")
    let document = AgreementFlow.document
    try InitContainer.run("apply", in: network.pod, document: document).checked()
    let server = try network.world.start(
      ["/usr/bin/python3", Scratch.script("verdicts.py"), "serve"]
        + AgreementFlow.ports.map(String.init))
    try server.waitForLine("ready") { $0 == "ready" }
    let sidecar = try Sidecar(in: network.pod, document: document)
    let encoder = JSONEncoder()
    let lines = try flows.map { String(decoding: try encoder.encode($0), as: UTF8.self) + "\n" }
    try network.pod.run(
      [
        "/usr/bin/python3", Scratch.script("verdicts.py"), "send",
        Scratch.file("flows.json", lines.joined()),
      ], as: .workload, timeout: 240
    ).checked()
    return try sidecar.drain().records
  }

  /// What `check` says to each of the flows, one run a method.
  private static func check(_ flows: [AgreementFlow]) throws -> [Verdict] {
    var said: [Int: Verdict] = [:]
    for (method, numbers) in Dictionary(grouping: flows.indices, by: { flows[$0].method }) {
      let finished = try sidecar(
        ["check", "--json"] + (method.isEmpty ? [] : ["--method", method])
          + numbers.map { flows[$0].target })
      #expect(finished.status == 1, "\(finished.errors)")
      for (number, line) in zip(numbers, finished.lines) {
        said[number] = try JSONDecoder().decode(Verdict.self, from: Data(line.utf8))
      }
    }
    return try flows.indices.map { try #require(said[$0]) }
  }

  private static func sidecar(
    _ arguments: [String], document: String? = AgreementFlow.document
  ) throws -> Finished {
    let network = try NetworkNamespace("cli")
    let config = document.map { ["--config", Scratch.file("config.yaml", $0)] } ?? []
    return try network.run(
      [try Binary.sidecar.path, arguments[0]] + config + arguments.dropFirst(), as: .workload)
  }
}
