import Foundation
import TestNetwork

/// What a client is told to do on one connection, see Scripts/raw_client.py.
struct RawTurn: Sendable {
  var input: String
  var bytewise = false
  /// The client ends its direction behind the input.
  var ends = false
  /// To a destination that a rule names by address.
  var isAddressed = false
}

/// A pod with both programs in it and a world in which every address of some networks is the
/// server's. Each turn goes to an address of its own, by which all that it caused is told apart:
/// turns are played at the same time.
final class RawNetwork {
  /// What came of one turn.
  struct Played {
    /// Where it went.
    let address: String
    let received: String
    let ended: String
    let records: [AuditRecord]
  }

  private let network: PodNetwork
  private let document: String
  var world: NetworkNamespace { network.world }

  init(document: String) throws {
    network = try PodNetwork()
    self.document = document
    try network.world.ip("route", "add", "local", "10.78.0.0/15", "dev", "lo")
    try network.world.ip("-6", "route", "add", "local", "fd78::/64", "dev", "lo")
    try InitContainer.run("apply", in: network.pod, document: document).checked()
  }

  /// Named destinations are in 10.78.0.0/16, or in fd78::/64 for what comes byte by byte; those of a
  /// rule in 10.79.0.0/16.
  private static func address(_ index: Int, _ turn: RawTurn) -> String {
    if turn.bytewise, !turn.isAddressed { return "fd78::\(String(index + 1, radix: 16))" }
    return "10.\(turn.isAddressed ? 79 : 78).\(index / 250).\(index % 250 + 1)"
  }

  /// Plays all turns through a sidecar, which has ended when this returns.
  func play(_ turns: [RawTurn]) throws -> [Played] {
    let sidecar = try Sidecar(in: network.pod, document: document)
    let lines = turns.enumerated().map { index, turn in
      Line(
        address: Self.address(index, turn), input: turn.input, bytewise: turn.bytewise,
        ends: turn.ends)
    }
    let client = try network.pod.run(
      ["/usr/bin/python3", Scratch.script("raw_client.py"), "80", try Self.file(lines)],
      as: .workload, timeout: 240
    ).checked()
    let records = Dictionary(grouping: try sidecar.drain().records) { $0.address }
    return try zip(lines, client.lines).map { line, text in
      let seen = try JSONDecoder().decode(Seen.self, from: Data(text.utf8))
      return Played(
        address: line.address, received: seen.received, ended: seen.ended,
        records: records[line.address] ?? [])
    }
  }

  private struct Line: Encodable {
    let address: String
    let input: String
    let bytewise: Bool
    let ends: Bool
  }

  private struct Seen: Decodable {
    let received: String
    let ended: String
  }

  /// A file with a line of JSON for each value.
  static func file(_ values: [some Encodable]) throws -> String {
    let encoder = JSONEncoder()
    let lines = try values.map { String(decoding: try encoder.encode($0), as: UTF8.self) + "\n" }
    return Scratch.file("lines.json", lines.joined())
  }
}
