import Addressing
import Policy
import Testing

@testable import DataPlane
@testable import Kernel

@Suite("HTTP/2 with prior knowledge")
struct PrefaceTests {
  static let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
  /// What every client sends behind it: SETTINGS, and a first request.
  static let rest: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 1, 5, 0, 0, 0, 1, 0x82]
  let somewhere = Endpoint(address: IPAddress("192.0.2.7")!, port: 80)

  @Test("is refused by a GOAWAY and an end, however much of it came", arguments: [14, 24, 43])
  func refused(count: Int) throws {
    var loop = try Loop(policy: .denyingAll)
    var client = try loop.connect(to: somewhere)
    client.send(Array((Array(Self.preface.utf8) + Self.rest).prefix(count)))
    loop.run {
      client.read()
      return client.hasEnded || client.wasReset
    }
    let wasReset = client.wasReset
    #expect(!wasReset)
    #expect(client.received.starts(with: [0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0]))
    #expect(client.received.count > 35 && client.received[12] == 7)
    #expect(client.text.contains("opaque-protocol: HTTP/2 to 192.0.2.7:80 "))
    let records = try loop.records()
    #expect(records.count == 1)
    let record = try #require(records.first)
    #expect(record["policyReason"] as? String == "opaque-protocol")
    #expect(record["outcome"] as? String == "denied")
    let id = try #require(record["auditId"] as? String)
    #expect(client.text.hasSuffix(id))
  }

  @Test("passes unseen where a rule names the address")
  func relayed() throws {
    let server = try Server()
    var loop = try Loop(policy: .allowingLoopback())
    let client = try loop.connect(to: server.endpoint)
    client.send(Self.preface)
    client.send(Self.rest)
    var upstream = try loop.accept(at: server)
    loop.run {
      upstream.read()
      return upstream.received == Array(Self.preface.utf8) + Self.rest
    }
  }

  @Test("behind a request of HTTP/1 is malformed")
  func later() throws {
    let server = try Server()
    var loop = try Loop(policy: .allowingLoopback())
    var client = try loop.connect(to: server.endpoint)
    client.send(ExchangeTests.get + Self.preface)
    var upstream = try loop.accept(at: server)
    loop.run {
      upstream.read()
      return upstream.text.hasSuffix("\r\n\r\n")
    }
    upstream.send("HTTP/1.1 204 No Content\r\n\r\n")
    loop.run {
      client.read()
      return client.hasEnded
    }
    #expect(client.text.contains("\r\n\r\nHTTP/1.1 400 Bad Request\r\n"))
    #expect(try loop.records().map { $0["policyReason"] as? String } == [nil, "malformed-request"])
    #expect(!upstream.text.contains("PRI"))
  }
}
