import Addressing
import Configuration
import Foundation
import TestNetwork
import Testing

@testable import Capture

/// What `explain` says, beside what the kernel does.
@Suite("explain says what the kernel does", .enabled(if: Requirement.privileged))
struct ExplainTests {
  private static let documents = 40
  private static let packetsPerDocument = 100
  private static let sentPerDocument = 18

  @Test("Of random packets under random documents")
  func random() throws {
    let seed =
      ProcessInfo.processInfo.environment["PORTARIUM_SEED"].flatMap { UInt64($0) }
      ?? UInt64.random(in: 0...UInt64.max)
    let scene = try ExplainScene()
    var documents = RandomCapture(seed: seed)
    var probes = RandomProbes(seed: seed)
    for _ in 1...Self.documents {
      let document = documents.document()
      let plan = try CapturePlan(Document.parse(Array(document.utf8), file: "random").document)
      let ruleset = Ruleset(plan)
      probes.blocks = plan.capture.outbound.includeCIDRs + plan.capture.outbound.excludeCIDRs
      probes.ports = plan.capture.outbound.allBounds
      let chosen = choose(
        (1...Self.packetsPerDocument).map { _ in
          let probe = probes.next()
          return (probe, probe.explanation(under: [ruleset]))
        })
      try scene.pod.provideInterfaces(of: document)
      try InitContainer.run("apply", in: scene.pod, document: document).checked()
      let answers = try scene.attempt(chosen.map(\.0))
      for ((probe, explanation), answer) in zip(chosen, answers) {
        #expect(
          answer == probe.expected(explanation),
          """
          PORTARIUM_SEED=\(seed) does it again. \(probe) under
          \(document)
          \(explanation.text)
          """)
      }
    }
  }

  /// One packet for each rule that decides, and others beside them.
  private func choose(_ all: [(Probe, Explanation)]) -> [(Probe, Explanation)] {
    var seen: Set<Step?> = []
    var chosen: [(Probe, Explanation)] = []
    var others: [(Probe, Explanation)] = []
    for (probe, explanation) in all where probe.canBeSeen(explanation) {
      if seen.insert(explanation.deciding).inserted {
        chosen.append((probe, explanation))
      } else {
        others.append((probe, explanation))
      }
    }
    chosen += others.prefix(max(0, Self.sentPerDocument - chosen.count))
    return chosen.map { probe, explanation in
      var probe = probe
      probe.patient = probe.expected(explanation) != "silent"
      return (probe, explanation)
    }
  }
}

extension Configuration.Capture.Outbound {
  /// The ports at which lists begin and end, and their neighbours.
  fileprivate var allBounds: [UInt16] {
    (includePorts + excludePorts).flatMap {
      [$0.lowerBound, $0.upperBound, max($0.lowerBound, 2) - 1, min($0.upperBound, 65534) + 1]
    }
  }
}
