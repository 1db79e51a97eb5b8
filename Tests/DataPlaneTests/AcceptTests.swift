import Addressing
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
    for _ in 0..<20 { _ = try Descriptor.connecting(to: listener.descriptor.localEndpoint()) }
    #expect(taken(6, &loop, listener) == [1, 2, 4, 8, 5, 0])
    _ = try Descriptor.connecting(to: listener.descriptor.localEndpoint())
    #expect(taken(1, &loop, listener) == [1])
  }

  @Test("A batch is bounded, so that connections that are there get their turn")
  func isBounded() throws {
    var loop = try Loop(policy: .allowingLoopback())
    let listener = try Self.listener()
    for _ in 0..<300 { _ = try Descriptor.connecting(to: listener.descriptor.localEndpoint()) }
    #expect(taken(9, &loop, listener) == [1, 2, 4, 8, 16, 32, 64, 64, 64])
  }

  private static func listener() throws -> Listener {
    try Listener(
      Endpoint(address: Loop.loopback, port: 0), sharing: false, transparent: false)
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
