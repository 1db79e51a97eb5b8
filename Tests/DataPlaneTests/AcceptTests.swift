import Addressing
import Foundation
import Kernel
import Policy
import Telemetry
import Testing

@testable import DataPlane

@Suite("Accepting connections")
struct AcceptTests {
  @Test("Where more wait than were expected, the next batch is twice as large; else it is one")
  func adapts() throws {
    var loop = try Loop(policy: .allowingLoopback())
    let listener = try Self.listener()
    // The kernel keeps for the listener what its client has closed.
    try connect(20, to: listener)
    #expect(taken(6, &loop, listener) == [1, 2, 4, 8, 5, 0])
    try connect(1, to: listener)
    #expect(taken(1, &loop, listener) == [1])
  }

  @Test("A batch is bounded, so that connections that are there get their turn")
  func isBounded() throws {
    var loop = try Loop(policy: .allowingLoopback())
    let listener = try Self.listener()
    try connect(300, to: listener)
    #expect(taken(9, &loop, listener) == [1, 2, 4, 8, 16, 32, 64, 64, 64])
  }

  private static func listener() throws -> Listener {
    try Listener(
      Endpoint(address: Loop.loopback, port: 0), sharing: false, transparent: false)
  }

  /// Makes connections and waits until all of them are in the listener's queue: a busy kernel leaves
  /// handshakes to a thread of its own.
  private func connect(_ count: Int, to listener: Listener) throws {
    let endpoint = try listener.descriptor.localEndpoint()
    for _ in 0..<count { _ = try Descriptor.connecting(to: endpoint) }
    let deadline = ContinuousClock.now + .seconds(20)
    while try Self.queued(onPort: endpoint.port) < count {
      try #require(ContinuousClock.now < deadline, "not all connections came")
      sched_yield()
    }
  }

  /// How many connections wait to be accepted. In a listener's line its `rx_queue` says so
  /// (tcp4_seq_show: sk_ack_backlog).
  private static func queued(onPort port: UInt16) throws -> Int {
    let local = "0100007F:" + String(format: "%04X", port)
    for line in try String(contentsOfFile: "/proc/net/tcp", encoding: .utf8).split(separator: "\n")
    {
      let fields = line.split(separator: " ")
      guard fields.count > 4, fields[1] == local, fields[3] == "0A" else { continue }
      return Int(fields[4].split(separator: ":")[1], radix: 16) ?? 0
    }
    return 0
  }

  /// How many connections each of some batches takes.
  private func taken(_ batches: Int, _ loop: inout Loop, _ listener: Listener) -> [UInt64] {
    var counts: [UInt64] = []
    for _ in 0..<batches {
      let before = loop.worker.counters.connectionsAccepted.value
      loop.worker.acceptExpected(on: listener)
      counts.append(UInt64(loop.worker.counters.connectionsAccepted.value - before))
      loop.turn(longestWait: 0)
    }
    return counts
  }
}
