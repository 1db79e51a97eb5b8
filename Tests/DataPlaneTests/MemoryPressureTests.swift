import Addressing
import Policy
import Telemetry
import Testing

@testable import DataPlane
@testable import Kernel

/// Connections whose other side is slow leave bytes in this process's memory; once there are too
/// many each is given little, and none stands still for it.
@Suite("Where memory is short")
struct MemoryPressureTests {
  /// The worker's own buffer is more than that: memory is short from the start.
  static let none: DataPlaneSettings.Limits = {
    var limits = DataPlaneSettings.Limits()
    limits.bufferBytes = 0
    return limits
  }()

  @Test("A head of more than 4 KiB that isn't complete is refused, and the connection with it")
  func longHead() throws {
    var loop = try Loop(limits: Self.none, policy: .allowingLoopback())
    let server = try Server()
    var client = try loop.connect(to: server.endpoint)
    client.send("GET / HTTP/1.1\r\nhost: a\r\nx-long: \(String(repeating: "x", count: 4100))")
    loop.run {
      client.read()
      return client.hasEnded
    }
    #expect(client.text.hasPrefix("HTTP/1.1 503 "))
    #expect(client.text.contains("\r\nconnection: close\r\n"))
    let record = try #require(try loop.records().first)
    #expect(record["policyReason"] as? String == "connection-limit")
    #expect(record["responseStatus"] as? Int == 503)
    #expect(loop.worker.counters.auditRecords.value == 1)
  }

  @Test("One of 4 KiB passes, in whatever pieces it comes")
  func shortHead() throws {
    let start = "GET / HTTP/1.1\r\nhost: a\r\nx-long: "
    let head = start + String(repeating: "x", count: 4096 - start.utf8.count - 4) + "\r\n\r\n"
    var loop = try Loop(limits: Self.none, policy: .allowingLoopback())
    let server = try Server()
    let client = try loop.connect(to: server.endpoint)
    client.send(String(head.prefix(3000)))
    for _ in 0..<3 { _ = loop.worker.turn(longestWait: 1) }
    let kept = loop.kept?.held
    #expect((3000...3750).contains(kept ?? 0))
    client.send(String(head.dropFirst(3000)))
    var upstream = try loop.accept(at: server)
    loop.run {
      upstream.read()
      return upstream.text.hasSuffix("\r\n\r\n")
    }
  }

  @Test("A ClientHello of more than 4 KiB gets its alert")
  func longHello() throws {
    var loop = try Loop(limits: Self.none, policy: .allowingLoopback())
    var client = try loop.connect(to: Endpoint(address: Loop.loopback, port: 9))
    // The handshake says that 8 KiB follow.
    client.send([0x16, 3, 1, 0x20, 4, 1, 0, 0x20, 0] + [UInt8](repeating: 0, count: 5000))
    loop.run {
      client.read()
      return client.hasEnded
    }
    #expect(client.received == [0x15, 3, 3, 0, 2, 2, 49])
    #expect(try loop.records().first?["policyReason"] as? String == "connection-limit")
  }

  @Test(
    "For a response's head of more than 4 KiB there is a 502: its request was allowed, and left")
  func longResponseHead() throws {
    var scene = try ExchangeTests.Scene(limits: Self.none)
    scene.upstream.send("HTTP/1.1 200 OK\r\nx: \(String(repeating: "x", count: 5000))")
    scene.loop.run {
      scene.client.read()
      return scene.client.text.hasPrefix("HTTP/1.1 502 ")
    }
    let record = try #require(try scene.loop.records().first)
    #expect(record["policyDecision"] as? String == "allow")
    #expect(record["policyReason"] == nil)
    #expect(record["outcome"] as? String == "upstream-failed")
    #expect(scene.loop.worker.counters.allowed.value == 1)
  }

  @Test("A reader that does not read leaves little, whatever its sender sends", arguments: [0, 1])
  func stuck(pipes: Int) throws {
    var limits = Self.none
    limits.pipes = pipes
    let server = try Server()
    var loop = try Loop(limits: limits, policy: .allowingLoopback())
    var client = try loop.connect(to: server.endpoint)
    client.send("hello")
    let upstream = try loop.accept(at: server)
    let block = [UInt8](repeating: 7, count: 65536)
    var sent = 0
    var refusals = 0
    while refusals < 20 {
      if case .bytes(let count) = upstream.socket.send(block.span) {
        sent += count
        refusals = 0
      } else {
        refusals += 1
      }
      _ = loop.worker.turn(longestWait: 0)
    }
    let kept = loop.kept?.received
    #expect((kept ?? .max) <= 2048)
    loop.run {
      client.read()
      return client.received.count == sent
    }
  }

  @Test("Bodies arrive whole all the same", arguments: ["counted", "chunked"])
  func healthy(form: String) throws {
    var scene = try ExchangeTests.Scene(limits: Self.none)
    let body = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    var answer = Array("HTTP/1.1 200 OK\r\n".utf8)
    if form == "counted" {
      answer += Array("content-length: \(body.count)\r\n\r\n".utf8) + body
    } else {
      answer += Array("transfer-encoding: chunked\r\n\r\n".utf8)
      for start in stride(from: 0, to: body.count, by: 5000) {
        answer += Array("1388\r\n".utf8) + body[start..<(start + 5000)] + Array("\r\n".utf8)
      }
      answer += Array("0\r\n\r\n".utf8)
    }
    var sent = 0
    scene.loop.run {
      if case .bytes(let count) = scene.upstream.socket.send(
        answer.span.extracting(droppingFirst: sent))
      {
        sent += count
      }
      scene.client.read()
      return scene.client.received.count == answer.count
    }
    #expect(scene.client.received == answer)
  }

  @Test("It is short no longer once buffers are given back")
  func givenBack() throws {
    var limits = DataPlaneSettings.Limits()
    // More than the tests beside this one own.
    limits.bufferBytes = ByteBuffer.allocatedBytes + 32 << 20
    let loop = try Loop(limits: limits, policy: nil)
    for _ in 0..<100 {
      var buffer = ByteBuffer(capacity: 1 << 20)
      buffer.release()
      buffer.reserve(1 << 20)
      buffer.reserve(2 << 20)
    }
    let isShort = loop.worker.isShortOfMemory
    #expect(!isShort)
  }
}

extension Loop {
  /// The capacities of what the one connection there is keeps of its workload's bytes, and for it.
  fileprivate var kept: (held: Int, received: Int)? {
    worker.slab.all.first.flatMap { worker.slab.inFull($0) }.map {
      ($0.connection.held.capacity, $0.connection.received.pending.capacity)
    }
  }
}
