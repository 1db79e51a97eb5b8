import Foundation
import TestNetwork
import Testing

/// A thousand documents, one after the other, while a workload never rests.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct ReloadUnderLoadTests {
  static let count = 1000
  /// How far resident memory may grow from the hundredth reload to the last, in KB.
  static let allowance = 2048

  /// What the workload needs, and rules that no other generation nearby has as many of.
  static func rules(_ generation: Int) -> String {
    let needed = #"{hostPattern: "api.example.com"}, {hostPattern: 10.77.2.70, port: 7000}"#
    let more = (0..<more(generation)).map { #"{hostPattern: "h\#($0).g\#(generation).internal"}"# }
    return ([needed] + more).joined(separator: ", ")
  }

  static func more(_ generation: Int) -> Int { generation % 89 + 1 }

  @Test(.timeLimit(.minutes(10)))
  func `a thousand reloads fail no request, keep no memory and no descriptor`() throws {
    let scene = try ReloadScene(Self.rules(0))
    let sidecar = scene.proxy.sidecar.process
    let echo = try scene.proxy.network.world.start(
      ["/usr/bin/python3", Scratch.script("crowd.py"), "listen", ProxyScene.raw4, "7000"])
    try echo.waitForLine("ready") { $0 == "ready" }
    let idle = try Descriptors.open(by: sidecar.pid)
    let load = try scene.proxy.network.pod.start(
      [
        "/usr/bin/python3", Scratch.script("steady.py"), ProxyScene.web4, "api.example.com",
        ProxyScene.raw4, "7000",
      ], as: .workload)
    try load.waitForLine("ready") { $0 == "ready" }

    var early = 0
    var bad = 0
    for generation in 1...Self.count {
      let way = ReloadScene.Way.allCases[generation % ReloadScene.Way.allCases.count]
      let document = scene.document(Self.rules(generation))
      if generation % 10 == 9 {
        // Cut off in the middle: what is there changes nothing.
        bad += 1
        try scene.change(
          String(document.prefix(document.count / 2)), way == .inPlace ? .renamed : way,
          expecting: .changedNothing)
      }
      try scene.put(document, way)
      // Each arrives, or one after it does.
      if generation % 3 == 0 || generation == Self.count {
        try waitForRules(2 + Self.more(generation), scene)
      }
      if generation == 100 { early = try Memory.resident(of: sidecar.pid) }
    }
    let late = try Memory.resident(of: sidecar.pid)
    Memory.expect(late - early, atMost: Self.allowance, "above \(early) KB")
    // One that is signalled may be read twice, before and after it was closed.
    #expect(scene.count(.changedNothing) >= bad)
    #expect(scene.count(.tookEffect) >= Self.count / 3)

    load.signal(SIGTERM)
    let finished = try load.wait().checked()
    let line = try #require(finished.lines.last)
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(object["failures"] as? [String] == [], "\(line)")
    for kind in ["requests", "handshakes", "echoes"] {
      #expect(object[kind] as? Int ?? 0 > 100, "\(line)")
    }
    try sidecar.wait(for: "its descriptors to be closed", recheck: 0.01) { sidecar in
      (try? Descriptors.open(by: sidecar.pid)) == idle ? () : nil
    }
    let (records, status) = try scene.proxy.sidecar.drain()
    #expect(status == 0)
    #expect(records.allSatisfy { $0.decision == "allow" && $0.outcome == "completed" })
  }

  /// Until the document that took effect last has so many rules.
  private func waitForRules(_ count: Int, _ scene: ReloadScene) throws {
    try scene.proxy.sidecar.process.wait(for: "\(count) rules", timeout: 20) { sidecar -> Void? in
      let errors = sidecar.errors
      guard let last = errors.range(of: "\"rules\":\"", options: .backwards) else { return nil }
      return errors[last.upperBound...].hasPrefix("\(count)\"") ? () : nil
    }
  }
}

enum Descriptors {
  /// How many a process has open.
  static func open(by pid: pid_t) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count
  }
}
