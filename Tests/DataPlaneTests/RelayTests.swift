import Addressing
import Glibc
import Policy
import Testing

@testable import DataPlane
@testable import Kernel

@Suite("Relaying between two sockets")
struct RelayTests {
  @Test("One pipe in eight is large, and all of them are less than an unprivileged user may have")
  func pipes() {
    var pool = PipePool(limit: 128)
    var borrowed: [PipePool.Box] = []
    while let pipe = pool.borrow() { borrowed.append(pipe) }
    #expect(borrowed.count == 128)
    #expect(borrowed.count { $0.pipe.capacity == PipePool.large } == 16)
    #expect(borrowed.reduce(0) { $0 + $1.pipe.capacity } < 16_384 * 4096)
    for pipe in borrowed.dropFirst(8) { pool.discard(pipe) }
    for pipe in borrowed.prefix(8).reversed() { pool.giveBack(pipe) }
    // What was given back comes first, then new ones in the place of those that are gone.
    let again = (0..<17).compactMap { _ in pool.borrow() }
    #expect(again.count { $0.pipe.capacity == PipePool.large } == 16)
  }

  @Test("A pipe that may not be as large as was asked for is as large as the next size")
  func smallerPipe() throws {
    // More than the kernel ever grants.
    let pipe = try Pipe(capacity: Int(Int32.max), orElse: 256 << 10)
    #expect(pipe.capacity == 256 << 10)
  }

  @Test("A connection sends small segments at once, without being told to")
  func noDelay() throws {
    let server = try Server()
    var loop = try Loop(policy: .allowingLoopback())
    let client = try loop.connect(to: server.endpoint)
    client.send("SSH-2.0-client\r\n")
    _ = try loop.accept(at: server)
    guard let reference = loop.worker.find(loop.worker.slab.all[0]) else {
      throw Loop.Unexpected()
    }
    for number in [
      reference.connection.client.descriptor.number,
      reference.connection.upstream.descriptor.number,
    ] {
      var value: Int32 = 0
      var length = socklen_t(MemoryLayout<Int32>.size)
      // Both point to a whole variable of their own for the length of the call.
      #expect(
        unsafe getsockopt(number, Int32(IPPROTO_TCP), TCP_NODELAY, &value, &length) == 0)
      #expect(value == 1)
    }
  }

  @Test("An allowed opaque stream arrives whole, held bytes first, and half-closes each way")
  func opaque() throws {
    let server = try Server()
    var loop = try Loop(policy: .allowingLoopback())
    var client = try loop.connect(to: server.endpoint)
    client.send("SSH-2.0-client\r\n")
    var upstream = try loop.accept(at: server)
    loop.run {
      upstream.read()
      return upstream.text == "SSH-2.0-client\r\n"
    }
    client.socket.shutdownWrite()
    loop.run {
      upstream.read()
      return upstream.hasEnded
    }
    upstream.send("still here\r\n")
    upstream.socket.shutdownWrite()
    loop.run {
      client.read()
      return client.hasEnded
    }
    #expect(client.text == "still here\r\n")
    let records = try loop.records()
    #expect(records.count == 1)
    #expect(records.first?["outcome"] as? String == "completed")
    #expect(records.first?["bytesSent"] as? Int == 16)
    #expect(records.first?["bytesReceived"] as? Int == 12)
    #expect(records.first?["matchedRule"] as? String == "loopback")
  }

  @Test("A reader that does not read holds back its sender, within one read's memory")
  func backPressure() throws {
    let server = try Server()
    var loop = try Loop(policy: .allowingLoopback())
    var client = try loop.connect(to: server.endpoint)
    client.send("SSH-2.0-client\r\n")
    let upstream = try loop.accept(at: server)
    // Send until nothing more is taken, with the client not reading at all.
    let block = [UInt8](repeating: 7, count: 256 * 1024)
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
    guard let reference = loop.worker.find(loop.worker.slab.all[0]) else {
      Issue.record("the connection is gone")
      return
    }
    let waiting = reference.connection.received.pending.count
    let inPipe = reference.connection.received.pipeFill
    let isWritable = reference.connection.client.isWritable
    #expect(waiting <= Worker.readSize)
    #expect(inPipe <= PipePool.large)
    #expect(!isWritable)
    // Then it reads, and all of it comes.
    upstream.socket.shutdownWrite()
    loop.run {
      client.read()
      return client.hasEnded
    }
    #expect(client.received.count == sent)
    #expect(client.received.allSatisfy { $0 == 7 })
  }

  @Test("A workload that resets takes its upstream with it")
  func clientReset() throws {
    let server = try Server()
    var loop = try Loop(policy: .allowingLoopback())
    let client = try loop.connect(to: server.endpoint)
    client.send("SSH-2.0-client\r\n")
    var upstream = try loop.accept(at: server)
    client.socket.resetOnClose()
    client.close()
    loop.run {
      upstream.read()
      return upstream.wasReset
    }
    #expect(try loop.records().first?["outcome"] as? String == "client-gone")
  }

  /// A port that nobody listens on.
  static func closedEndpoint() throws -> Endpoint { try Server().endpoint }

  @Test("A refused upstream resets the workload and says so")
  func refusedUpstream() throws {
    let endpoint = try Self.closedEndpoint()
    var loop = try Loop(policy: .allowingLoopback())
    var client = try loop.connect(to: endpoint)
    client.send("SSH-2.0-client\r\n")
    loop.run {
      client.read()
      return client.wasReset
    }
    let record = try loop.records().first
    #expect(record?["policyDecision"] as? String == "allow")
    #expect(record?["outcome"] as? String == "upstream-failed")
  }

  @Test("Silence is bounded by the peek's deadline")
  func silence() throws {
    var limits = DataPlaneSettings.Limits()
    limits.peek = 1_000_000
    var loop = try Loop(limits: limits, policy: .denyingAll)
    var client = try loop.connect(to: Endpoint(address: IPAddress("192.0.2.7")!, port: 25))
    loop.run {
      client.read()
      return client.wasReset
    }
    #expect(try loop.records().first?["policyReason"] as? String == "peek-timeout")
  }

  @Test("An idle relay ends at its deadline, as timed out")
  func idle() throws {
    var limits = DataPlaneSettings.Limits()
    limits.idle = 1_000_000
    let server = try Server()
    var loop = try Loop(limits: limits, policy: .allowingLoopback())
    var client = try loop.connect(to: server.endpoint)
    client.send("SSH-2.0-client\r\n")
    loop.run {
      client.read()
      return client.wasReset
    }
    #expect(try loop.records().first?["outcome"] as? String == "timed-out")
  }
}
