import Addressing
import Capture
import Configuration
import Foundation
import TestNetwork
import Testing

/// Every golden document in a real kernel: what was planned is what is listed, a second apply changes
/// nothing, and every flow beside the document goes where it says.
struct GoldenPackets {
  @TaskLocal static var scene: GoldenScene?

  let scene: GoldenScene
  var place: NetworkNamespace { scene.places[scene.captured]! }

  init() throws { scene = try #require(Self.scene) }

  func check(_ golden: GoldenDocument) throws {
    try place.provideInterfaces(of: golden.document.capture)
    for _ in 1...2 {
      try InitContainer.run("apply", in: place, document: golden.text).checked()
      let difference = try InitContainer.run("diff", in: place, document: golden.text)
      #expect(difference.status == 0, "\(difference.output)")
    }
    let live = try place.run(["nft", "-s", "list", "table", "inet", "portarium"]).checked()
    #expect(try live.output == golden.listing(resolvers: GoldenScene.resolvers))
    try checkReadable()
    let flows = try golden.flows
    let run = GoldenRun(
      scene: scene, document: golden.document, flows: flows,
      firstNumber: Self.firstPort + golden.index * Self.portsEach)
    try #require(flows.count + scene.barriers.count <= Self.portsEach)
    for (flow, verdict) in zip(flows, try run.verdicts()) {
      #expect(verdict == flow.verdict, "\(golden.name): \(flow.line)")
    }
  }

  /// Above all ports that a flow is headed for.
  private static let firstPort = 33000
  private static let portsEach = 100

  /// Older versions of nft have crashed on what others programmed.
  private func checkReadable() throws {
    #expect(try place.run(["nft", "-a", "list", "ruleset"]).checked().errors.isEmpty)
    let json = try place.run(["nft", "-j", "list", "ruleset"]).checked()
    #expect(json.errors.isEmpty)
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(json.output.utf8)) }
  }
}

/// Makes one scene for all tests of a suite: namespaces are slow to make.
struct InScene: SuiteTrait, TestScoping {
  let make: @Sendable () throws -> GoldenScene

  func provideScope(
    for test: Testing.Test, testCase: Testing.Test.Case?,
    performing function: @Sendable () async throws -> Void
  ) async throws {
    try await GoldenPackets.$scene.withValue(make(), operation: function)
  }
}

@Suite(
  "Golden documents for sidecars, packet by packet", .enabled(if: Requirement.privileged),
  .serialized, InScene { try GoldenScene.sidecar() })
struct GoldenSidecarTests {
  @Test(
    "Applied, listed, sent",
    arguments: GoldenDocument.all.filter { $0.document.capture.mode == .sidecar })
  func packets(golden: GoldenDocument) throws { try GoldenPackets().check(golden) }
}

@Suite(
  "Golden documents for gateways, packet by packet", .enabled(if: Requirement.privileged),
  .serialized, InScene { try GoldenScene.gateway() })
struct GoldenGatewayTests {
  @Test(
    "Applied, listed, sent",
    arguments: GoldenDocument.all.filter { $0.document.capture.mode == .gateway })
  func packets(golden: GoldenDocument) throws { try GoldenPackets().check(golden) }
}
