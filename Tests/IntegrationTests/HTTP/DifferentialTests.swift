import Foundation
import SeededRandom
import TestNetwork
import Testing

/// Whatever the proxy forwards is for two servers, nginx and h11, the same requests that it audited
/// as allowed: method, host and path, and where each begins and ends, to the byte.
///
/// Another seed is tried with `PORTARIUM_SEED=N`.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct DifferentialTests {
  static let seed =
    ProcessInfo.processInfo.environment["PORTARIUM_SEED"].flatMap(UInt64.init) ?? 20_261_121
  static let count = 2500

  static let document = """
    workspaceId: ws-test
    workers: 2
    egress:
      allowlist:
        - {hostPattern: api.example.com, allowedMethods: [GET, HEAD, POST, PUT, OPTIONS]}
    capture: {resolvers: [10.77.2.53]}
    """

  static func inputs() -> [String] {
    var generator = DifferentialInput(seed: seed)
    return (0..<count).map { _ in generator.next() }
  }

  @Test(arguments: DifferentialServer.allCases)
  func `a server reads what was audited as allowed`(kind: DifferentialServer) throws {
    let network = try RawNetwork(document: Self.document)
    let server = try kind.start(in: network.world)
    let inputs = Self.inputs()
    let played = try network.play(inputs.map { RawTurn(input: $0, ends: true) })
    let requests = Dictionary(grouping: try kind.requests(seenBy: server)) { $0.address }

    var compared = 0
    var refused = 0
    for (input, turn) in zip(inputs, played) {
      // A request that ended before its body did was answered by nobody.
      let read = (requests[turn.address] ?? []).filter { $0.status == 200 }
      let allowed = turn.records.filter { $0.decision == "allow" && $0.status == 200 }
      #expect(
        read.map(\.summary)
          == allowed.map {
            DifferentialServer.Request.summary(
              method: $0.method, target: $0[text: "httpPath"], host: $0.host,
              length: $0.sent ?? 0)
          }, "seed \(Self.seed): \(input.debugDescription), \(turn.records)")
      #expect(turn.ended != "timeout", "seed \(Self.seed): \(input.debugDescription)")
      compared += allowed.count
      refused += turn.records.count { $0.decision == "deny" }
    }
    // Enough of both kinds for the comparison to mean something.
    #expect(compared > Self.count / 2)
    #expect(refused > Self.count / 4)
    print(
      "differential, \(kind), seed \(Self.seed): \(compared) requests alike, \(refused) refused")
  }

  /// The servers agree with each other, too, on what the bodies were, until one of them refuses what
  /// is none of the proxy's business: nginx takes no method in lower case.
  @Test func `a body is the same to both servers`() throws {
    let inputs = Self.inputs().prefix(300).map { RawTurn(input: $0, ends: true) }
    let bodies = try DifferentialServer.allCases.map { kind in
      let network = try RawNetwork(document: Self.document)
      let server = try kind.start(in: network.world)
      let played = try network.play(Array(inputs))
      let requests = Dictionary(grouping: try kind.requests(seenBy: server)) { $0.address }
      return played.map { turn in
        (requests[turn.address] ?? []).filter { $0.status == 200 }.map { "\($0.method) \($0.body)" }
      }
    }
    for (number, (first, second)) in zip(bodies[0], bodies[1]).enumerated() {
      let both = min(first.count, second.count)
      #expect(
        first.prefix(both) == second.prefix(both),
        "seed \(Self.seed): \(inputs[number].input.debugDescription)")
    }
    #expect(bodies[0].joined().count { $0.hasPrefix("P") } > 50)
  }
}
