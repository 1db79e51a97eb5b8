import Foundation
import TestNetwork

/// What the upstream is told to answer to a target, see Scripts/raw_server.py.
struct RawScript: Sendable, Encodable {
  var target: String
  var send: String
  var closes = false
  var early = false
  var bytewise = false
}

/// All that was seen of one turn.
struct RawOutcome: Sendable {
  /// What the client received, and how its connection ended.
  let received: String
  let ended: String
  /// What the upstream saw, by connection.
  let upstream: [Upstream]
  let records: [AuditRecord]

  struct Upstream: Sendable, Decodable {
    let address: String
    let received: String
    let requests: [[String]]
    let ended: String
  }
}

/// A sidecar that adds nothing to requests, and an upstream that writes down every byte.
enum RawScene {
  static let document = document(mode: "enforce")

  static func document(mode: String) -> String {
    """
    workspaceId: ws-test
    workers: 2
    enforcementMode: \(mode)
    egress:
      injectTraceContext: false
      allowlist:
        - {name: api, hostPattern: api.example.com, allowedMethods: [GET, HEAD, POST, PUT, OPTIONS]}
        - {name: any, hostPattern: any.example.com}
        - {name: address, hostPattern: 10.79.0.0/16, allowedMethods: [GET, POST]}
    capture: {resolvers: [10.77.2.53]}
    """
  }

  /// Plays all turns and returns what came of each, in their order.
  static func play(
    _ turns: [RawTurn], scripts: [RawScript] = [], document: String = document
  ) throws -> [RawOutcome] {
    let network = try RawNetwork(document: document)
    let server = try network.world.start([
      "/usr/bin/python3", Scratch.script("raw_server.py"), "80", try RawNetwork.file(scripts),
    ])
    try server.waitForLine("ready") { $0 == "ready" }
    let played = try network.play(turns)
    server.signal(SIGUSR1)
    try server.waitForLine("done", timeout: 60) { $0 == "done" }
    let upstreams = Dictionary(
      grouping: try server.lines.filter { $0.hasPrefix("{") }.map {
        try JSONDecoder().decode(RawOutcome.Upstream.self, from: Data($0.utf8))
      }
    ) { $0.address }
    return played.map {
      RawOutcome(
        received: $0.received, ended: $0.ended, upstream: upstreams[$0.address] ?? [],
        records: $0.records)
    }
  }
}
