import Addressing
import Kernel
import Policy
import Telemetry
import Testing

@testable import DataPlane

@Suite("Whatever fails before a permit is denied and written down")
struct FaultTests {
  let somewhere = Endpoint(address: IPAddress("192.0.2.7")!, port: 443)

  @Test("No policy was published yet")
  func noPolicy() throws {
    var loop = try Loop(policy: nil)
    var client = try loop.connect(to: somewhere)
    loop.run {
      client.read()
      return client.wasReset
    }
    let records = try loop.records()
    #expect(records.count == 1)
    #expect(records.first?["policyReason"] as? String == "policy-unavailable")
    #expect(records.first?["policyDecision"] as? String == "deny")
    #expect(records.first?["outcome"] as? String == "denied")
  }

  @Test("The original destination is unknown")
  func noDestination() throws {
    var loop = try Loop(policy: .allowingLoopback())
    var client = try loop.connect(to: nil)
    loop.run {
      client.read()
      return client.wasReset
    }
    let records = try loop.records()
    #expect(records.count == 1)
    #expect(records.first?["policyReason"] as? String == "original-destination-unavailable")
    #expect(records.first?["destinationAddress"] == nil)
  }

  @Test("There are more connections than the limit")
  func tooMany() throws {
    var loop = try Loop(policy: .allowingLoopback())
    var client = try loop.connect(to: somewhere, refusal: .connectionLimit)
    loop.run {
      client.read()
      return client.wasReset
    }
    #expect(try loop.records().first?["policyReason"] as? String == "connection-limit")
  }

  @Test("Stopping with connections open writes a record for each")
  func stopping() throws {
    let server = try Server()
    var loop = try Loop(policy: .allowingLoopback())
    var first = try loop.connect(to: server.endpoint)
    let second = try loop.connect(to: server.endpoint)
    second.send("SSH-2.0-test\r\n")
    _ = try loop.accept(at: server)
    loop.mailbox.ask(for: .stopping)
    loop.run {
      first.read()
      return first.wasReset || first.hasEnded
    }
    let records = try loop.records()
    #expect(records.map { $0["outcome"] as? String } == ["shutdown", "shutdown"])
    // The first had said nothing by then.
    #expect(
      Set(records.map { $0["policyReason"] as? String }) == Set(["peek-timeout", nil] as [String?]))
    #expect(loop.worker.slab.count == 0)
  }

  @Test("A connection that is released without an outcome is still written down")
  func destroyed() throws {
    var loop = try Loop(policy: .allowingLoopback())
    let client = try loop.connect(to: somewhere)
    for id in loop.worker.slab.all {
      guard let reference = loop.worker.find(id) else { continue }
      loop.worker.close(&reference.connection, outcome: .clientGone)
      loop.worker.close(&reference.connection, outcome: .completed)
    }
    _ = loop.worker.turn(longestWait: 0)
    let records = try loop.records()
    #expect(records.count == 1)
    #expect(records.first?["policyDecision"] as? String == "deny")
    _ = consume client
  }
}
