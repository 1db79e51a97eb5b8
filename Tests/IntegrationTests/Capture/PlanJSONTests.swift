import Foundation
import TestNetwork
import Testing

/// `plan --format json`, held against nft's own JSON.
@Suite("The plan as JSON is what nft makes of it", .enabled(if: Requirement.privileged))
struct PlanJSONTests {
  /// The objects of a document without those that name the program that made it and without
  /// handles, which the kernel chooses.
  private func objects(_ text: String) throws -> [NSDictionary] {
    let document = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    let list = try #require(document?["nftables"] as? [[String: [String: Any]]])
    let info = try #require(list.first?["metainfo"])
    #expect(info["json_schema_version"] as? Int == 1)
    return list.dropFirst().map { object in
      object.mapValues { fields in fields.filter { $0.key != "handle" } } as NSDictionary
    }
  }

  private func live(_ place: NetworkNamespace) throws -> [NSDictionary] {
    try objects(
      place.run(["nft", "-j", "-s", "list", "table", "inet", "portarium"]).checked().output)
  }

  private func expectSame(_ found: [NSDictionary], _ plan: [NSDictionary], _ name: String) {
    #expect(found.count == plan.count, "\(name)")
    for (found, plan) in zip(found, plan) where found != plan {
      Issue.record("\(name): nft has \(found), plan \(plan)")
    }
  }

  @Test("For every golden document: what is listed after apply, and what nft -j -f makes of it")
  func golden() throws {
    let place = try NetworkNamespace("planjson")
    #expect(!TransactionTests.documents.isEmpty)
    for name in TransactionTests.documents {
      let path = TransactionTests.golden.appendingPathComponent("\(name).yaml")
      let content = try String(contentsOf: path, encoding: .utf8)
      try place.provideInterfaces(of: content)
      let document = Scratch.file("config.yaml", content)
      func verb(_ arguments: [String], as user: User) throws -> Finished {
        try place.run(
          [try Binary.initContainer.path] + arguments + ["--config", document], as: user
        ).checked()
      }
      let text = try verb(["plan", "--format", "json"], as: .workload).output
      #expect(
        try verb(["apply", "--dry-run", "--format", "json"], as: .workload).output == text)
      let plan = try objects(text)
      _ = try verb(["apply"], as: .initContainer)
      expectSame(try live(place), plan, name)
      try place.run(["nft", "flush", "ruleset"]).checked()
      try place.run(["nft", "-j", "-f", Scratch.file("plan.json", text)]).checked()
      expectSame(try live(place), plan, name)
      try place.run(["nft", "flush", "ruleset"]).checked()
    }
  }

  @Test("--format without --dry-run would print nothing: exit 2 and a sentence")
  func formatOfApply() throws {
    let place = try NetworkNamespace("format")
    let finished = try place.run([
      try Binary.initContainer.path, "apply", "--format", "json", "--config",
      Scratch.file("config.yaml", CapturedPod.document),
    ])
    #expect(finished.status == 2)
    #expect(finished.errors.contains("--format goes with --dry-run"))
    #expect(try place.run(["nft", "list", "ruleset"]).checked().output == "")
  }
}
