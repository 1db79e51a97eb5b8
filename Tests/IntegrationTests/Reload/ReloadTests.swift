import Foundation
import TestNetwork
import Testing

/// A document that changes while the sidecar serves.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct ReloadTests {
  static let api = #"{hostPattern: "api.example.com"}"#
  static let both = #"{hostPattern: "api.example.com"}, {hostPattern: "other.example.net"}"#

  @Test(arguments: ReloadScene.Way.allCases)
  func `a rule that is added admits, one that is taken away refuses`(_ way: ReloadScene.Way) throws
  {
    let scene = try ReloadScene(Self.api)
    #expect(try scene.proxy.curl("http://other.example.net/").status == 403)
    try scene.change(scene.document(Self.both), way, expecting: .tookEffect)
    #expect(try scene.proxy.curl("http://other.example.net/").status == 200)
    try scene.change(scene.document(Self.api), way, expecting: .tookEffect)
    #expect(try scene.proxy.curl("http://other.example.net/").status == 403)
    #expect(try scene.proxy.curl("http://api.example.com/").status == 200)
    // A writer that rests for longer than the sidecar waits has it read half a document.
    if scene.longestWrite < .milliseconds(500) { #expect(scene.count(.changedNothing) == 0) }
  }

  @Test(arguments: ReloadScene.Way.allCases)
  func `a document with anything wrong in it changes nothing`(_ way: ReloadScene.Way) throws {
    let scene = try ReloadScene(Self.api)
    let wrong = scene.document(Self.both + #", {hostPattern: "a..b", prot: 1}"#)
    try scene.change(wrong, way, expecting: .changedNothing)
    #expect(try scene.proxy.curl("http://other.example.net/").status == 403)
    #expect(try scene.proxy.curl("http://api.example.com/").status == 200)
    let errors = scene.proxy.sidecar.process.errors
    #expect(errors.contains("config.yaml:6:"))
    #expect(errors.contains("egress.allowlist[2].prot"))
    #expect(scene.count(.tookEffect) == 0)
    // The next good one takes effect.
    try scene.change(scene.document(Self.both), way, expecting: .tookEffect)
    #expect(try scene.proxy.curl("http://other.example.net/").status == 200)
  }

  @Test func `a document that is removed and comes back`() throws {
    let scene = try ReloadScene(Self.api)
    try scene.volume.remove("..data")
    try scene.wait(for: .changedNothing, moreThan: 0)
    #expect(try scene.proxy.curl("http://api.example.com/").status == 200)
    try scene.change(scene.document(Self.both), .swapped, expecting: .tookEffect)
    #expect(try scene.proxy.curl("http://other.example.net/").status == 200)
  }

  @Test func `what else of egress takes effect, and what waits for a restart`() throws {
    let scene = try ReloadScene(Self.api)
    _ = try scene.proxy.curl("http://api.example.com/with")
    let document = scene.document(
      Self.api, top: "adminPort: 15999", egress: "injectTraceContext: false")
    try scene.change(document, .swapped, expecting: .tookEffect)
    _ = try scene.proxy.curl("http://api.example.com/without")
    let requests = try scene.proxy.web.requests(atLeast: 2)
    #expect(requests.map(\.uri) == ["/with", "/without"])
    #expect(requests.map(\.traceparent.isEmpty) == [false, true])
    #expect(
      scene.proxy.sidecar.process.errors.contains(
        "adminPort has changed, which only a restart brings into force"))
    let ports = Sockets.listening(inNamespaceOf: scene.proxy.sidecar.process.pid)
    #expect(ports.contains(15000) && !ports.contains(15999))
  }

  /// What a new policy means for TLS connections that are open, by the names they asked for.
  @Test(arguments: [
    (onReload: "keep", mode: "enforce", cut: false),
    (onReload: "recheck", mode: "enforce", cut: true),
    (onReload: "recheck", mode: "monitor", cut: false),
  ])
  func `open connections`(onReload: String, mode: String, cut: Bool) throws {
    let scene = try ReloadScene(Self.both)
    let held = try hold("other.example.net", in: scene)
    let kept = try hold("api.example.com", in: scene)
    let document = scene.document(
      Self.api, top: "onReload: \(onReload)\nenforcementMode: \(mode)")
    try scene.change(document, .swapped, expecting: .tookEffect)
    if cut { try held.waitForLine("its end") { $0 == "reset" } }
    // A request over each: whoever was to be cut is by now.
    for client in [held, kept] { client.signal(SIGUSR1) }
    try kept.waitForLine("an answer") { $0 == "200" }
    if !cut { try held.waitForLine("an answer") { $0 == "200" } }
    for client in [held, kept] { client.signal(SIGTERM) }
    for client in [held, kept] { _ = try client.wait() }
    let (records, status) = try scene.proxy.sidecar.drain()
    #expect(status == 0)
    #expect(records.count == 2)
    let record = try #require(records.first { $0.host == "other.example.net" })
    #expect(record.decision == (cut ? "deny" : "allow"))
    #expect(record.reason == (cut ? "host-not-allowed" : ""))
    #expect(record.outcome == (cut ? "denied" : "completed"))
    #expect(record.sent ?? 0 > 0 && record.received ?? 0 > 0)
    #expect(records.first { $0.host == "api.example.com" }?.outcome == "completed")
  }

  /// A TLS connection that stays open; a signal sends a request over it.
  private func hold(_ name: String, in scene: ReloadScene) throws -> RunningProcess {
    let client = try scene.proxy.network.pod.start(
      ["/usr/bin/python3", Scratch.script("held_tls.py"), ProxyScene.web4, "443", name],
      as: .workload)
    try client.waitForLine("the handshake") { $0 == "open" }
    return client
  }
}
