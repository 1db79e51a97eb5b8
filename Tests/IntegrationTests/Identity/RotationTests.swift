import Foundation
import TestNetwork
import Testing

/// The identity changes while everything runs.
@Suite("Rotation", .serialized, .enabled(if: Requirement.privileged))
struct RotationTests {
  static let rotations = 200
  static let connections = 100

  @Test("No request fails, no session is cut, and old keys leave memory", .timeLimit(.minutes(10)))
  func underLoad() throws {
    let scene = try IdentityScene(inbound: InboundPeersTests.inbound)
    let peer = try scene.authority.svid("/ns/shop/sa/web")
    let peers = try scene.network.world.start(
      [
        "/usr/bin/python3", Scratch.script("rotating_peers.py"), IdentityScene.pod4, "8080",
        peer.certificatePath, peer.keyPath, scene.authority.bundlePath, "\(Self.connections)",
      ], as: .unprivileged(1001))
    try peers.waitForLine("ready", timeout: 60) { $0 == "ready" }
    var svids = [scene.own]
    for number in 1...Self.rotations {
      let svid = try scene.authority.svid(IdentityScene.ownPath)
      svids.append(svid)
      try scene.volume.swap(svid.files(trusting: scene.authority))
      // Each has taken effect before the next one comes.
      try peers.waitForLine("certificate \(number + 1)") { $0 == "new \(number + 1)" }
    }
    peers.signal(SIGTERM)
    let finished = try peers.wait(timeout: 60).checked()
    let last = try #require(finished.lines.last)
    let told = try #require(
      try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
    #expect(told["failures"] as? [String] == [])
    #expect(told["certificates"] as? Int == Self.rotations + 1)
    let (requests, made) = (told["requests"] as? Int ?? 0, told["connections"] as? Int ?? 0)
    #expect(requests > Self.connections + made)
    #expect(try keys(of: svids, inMemoryOf: scene.sidecar) == [svids.count - 1])
    let (records, status) = try scene.sidecar.drain()
    #expect(status == 0)
    #expect(records.count == requests)
    #expect(records.allSatisfy { $0.decision == "allow" && $0.outcome == "completed" })
  }

  /// Which of these keys the sidecar still has.
  private func keys(of svids: [SPIFFEAuthority.SVID], inMemoryOf sidecar: Sidecar) throws -> [Int] {
    let search = try RunningProcess(
      ["/usr/bin/python3", Scratch.script("keys_in_memory.py"), "\(sidecar.process.pid)"]
        + svids.map(\.keyPath)
    ).wait(timeout: 60).checked()
    let found = try #require(
      try JSONSerialization.jsonObject(with: Data((search.lines.last ?? "").utf8)) as? [Bool])
    return found.indices.filter { found[$0] }
  }

  @Test func `a key that isn't the certificate's changes nothing, and the log says so`() throws {
    let scene = try IdentityScene(inbound: InboundPeersTests.inbound)
    let web = try scene.authority.svid("/ns/shop/sa/web")
    #expect(try scene.curl("https://\(IdentityScene.pod4):8080/1", as: web).status == 200)
    var files = try scene.authority.svid(IdentityScene.ownPath).files(trusting: scene.authority)
    files["svid.key"] = try String(contentsOfFile: web.keyPath, encoding: .utf8)
    try scene.volume.swap(files)
    try scene.sidecar.process.wait(for: "the complaint") {
      $0.errors.contains("the private key is not the certificate's") ? () : nil
    }
    #expect(try scene.curl("https://\(IdentityScene.pod4):8080/2", as: web).status == 200)
  }

  @Test func `once the SVID has expired nobody is let in, until there is another`() throws {
    let scene = try IdentityScene(inbound: InboundPeersTests.inbound)
    let web = try scene.authority.svid("/ns/shop/sa/web")
    #expect(try scene.curl("https://\(IdentityScene.pod4):8080/1", as: web).status == 200)
    let last = try scene.authority.svid(IdentityScene.ownPath, seconds: 2)
    try scene.volume.swap(last.files(trusting: scene.authority))
    try scene.sidecar.process.wait(for: "a refusal", timeout: 30, recheck: 0.05) { _ in
      (try? scene.curl("https://\(IdentityScene.pod4):8080/2", as: web).status) == 0 ? () : nil
    }
    let next = try scene.authority.svid(IdentityScene.ownPath)
    try scene.volume.swap(next.files(trusting: scene.authority))
    try scene.sidecar.process.wait(for: "an answer", timeout: 30, recheck: 0.05) { _ in
      (try? scene.curl("https://\(IdentityScene.pod4):8080/3", as: web).status) == 200 ? () : nil
    }
    let (records, _) = try scene.sidecar.drain()
    let refused = records.filter { $0.decision == "deny" }
    #expect(!refused.isEmpty)
    #expect(refused.allSatisfy { $0.reason == "identity-unavailable" }, "\(refused)")
  }
}
