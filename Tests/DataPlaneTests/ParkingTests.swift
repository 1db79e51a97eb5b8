import Addressing
import Policy
import Telemetry
import Testing

@testable import DataPlane
@testable import Kernel

/// A connection that rests takes little memory, and nobody notices.
@Suite("A parked connection")
struct ParkingTests {
  static let get = ExchangeTests.get
  static let answer = PersistenceTests.ok

  /// A connection that has had its answer, and its server.
  struct Scene: ~Copyable {
    var loop: Loop
    var client: Peer
    var upstream: Peer
    let server: Server

    init() throws {
      let server = try Server()
      var loop = try Loop(policy: .allowingLoopback())
      loop.holdTime()
      var client = try loop.connect(to: server.endpoint)
      client.send(ParkingTests.get)
      var upstream = try loop.accept(at: server)
      upstream.exchange(ParkingTests.answer, with: &client, &loop)
      self.loop = loop
      self.client = client
      self.upstream = upstream
      self.server = server
    }
  }

  @Test("that was answered is parked after a second, and serves its next request as before")
  func nextRequest() throws {
    var scene = try Scene()
    scene.loop.pass(Worker.parkAfter - 1)
    #expect(scene.loop.form == .full)
    scene.loop.pass(TimerWheel.step)
    #expect(scene.loop.form == .parked)
    for _ in 0..<2 {
      scene.client.send(Self.get)
      scene.upstream.exchange(Self.answer, with: &scene.client, &scene.loop)
      #expect(scene.loop.form == .full)
      scene.loop.rest()
      #expect(scene.loop.form == .parked)
    }
    let records = try scene.loop.records()
    #expect(records.map { $0["outcome"] as? String } == ["completed", "completed", "completed"])
    let length = Self.answer.utf8.count
    #expect(records.map { $0["bytesReceived"] as? Int } == [length, length, length])
    #expect(Set(records.map { $0["auditId"] as? String ?? "" }).count == 3)
    #expect(Set(records.map { $0["destinationPort"] as? Int }).count == 1)
  }

  @Test("that is busy is not parked, however long")
  func busy() throws {
    var scene = try Scene()
    for _ in 0..<20 {
      scene.loop.pass(Worker.parkAfter * 2 / 5)
      #expect(scene.loop.form == .full)
      scene.client.send(Self.get)
      scene.upstream.exchange(Self.answer, with: &scene.client, &scene.loop)
    }
  }

  @Test("whose server leaves asks another connection for its next request")
  func upstreamLeaves() throws {
    var scene = try Scene()
    scene.loop.rest()
    scene.upstream.socket.shutdownWrite()
    scene.loop.run {
      scene.upstream.read()
      return scene.upstream.hasEnded
    }
    // It is still there, and rests again.
    scene.loop.rest()
    #expect(scene.loop.form == .parked)
    scene.client.send(Self.get)
    var second = try scene.loop.accept(at: scene.server)
    second.exchange(Self.answer, with: &scene.client, &scene.loop)
  }

  @Test("whose server speaks unasked does not take that for an answer")
  func upstreamSpeaks() throws {
    var scene = try Scene()
    scene.loop.rest()
    scene.upstream.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")
    scene.client.send(Self.get)
    var second = try scene.loop.accept(at: scene.server)
    second.exchange(Self.answer, with: &scene.client, &scene.loop)
    let text = scene.client.text
    #expect(!text.contains("evil"))
  }

  @Test("whose client leaves is over, without another record", arguments: [true, false])
  func clientLeaves(orderly: Bool) throws {
    var scene = try Scene()
    scene.loop.rest()
    if !orderly { scene.client.socket.resetOnClose() }
    scene.client = Peer(.none)
    let counters = scene.loop.worker.counters
    scene.loop.run { counters.connectionsClosed.value == 1 }
    scene.upstream.read()
    let hasEnded = scene.upstream.hasEnded
    #expect(hasEnded)
    #expect(try scene.loop.records().count == 1)
    #expect(scene.loop.form == .free)
  }

  @Test("is ended by its keep-alive, be that longer than the wheel reaches")
  func keepAlive() throws {
    var scene = try Scene()
    scene.loop.rest()
    let left = DataPlaneSettings.Limits().keepAlive - Worker.parkAfter - TimerWheel.step
    for _ in 0..<9 {
      scene.loop.pass(left / 10)
      #expect(scene.loop.form == .parked)
    }
    scene.loop.pass(left / 10 + TimerWheel.step)
    scene.client.read()
    let hasEnded = scene.client.hasEnded
    #expect(hasEnded)
    #expect(try scene.loop.records().count == 1)
  }

  @Test("is ended by draining, without another record")
  func drained() throws {
    var scene = try Scene()
    scene.loop.rest()
    scene.loop.mailbox.ask(for: .draining)
    scene.loop.turn()
    scene.client.read()
    let hasEnded = scene.client.hasEnded
    #expect(hasEnded)
    #expect(try scene.loop.records().count == 1)
  }

  @Test("with a proxy that it asks by name serves another target")
  func explicit() throws {
    let first = try Server()
    let second = try Server()
    var loop = try Loop(policy: .allowingLoopback())
    loop.holdTime()
    var client = try loop.connectToProxy()
    for server in [first.endpoint, second.endpoint] {
      client.send("GET http://\(server)/ HTTP/1.1\r\nhost: \(server)\r\n\r\n")
      var upstream =
        server == first.endpoint ? try loop.accept(at: first) : try loop.accept(at: second)
      upstream.exchange(Self.answer, with: &client, &loop)
      loop.rest()
      #expect(loop.form == .parked)
    }
    #expect(
      try loop.records().map { $0["destinationPort"] as? Int } == [
        Int(first.endpoint.port), Int(second.endpoint.port),
      ])
  }
}

extension Loop {
  /// What there is of the first connection.
  var form: ConnectionSlab.Form { worker.slab.form(at: 0) }

  /// Lets so much time pass that a connection that rests is parked.
  mutating func rest() { pass(Worker.parkAfter + TimerWheel.step) }
}

extension Peer {
  /// Waits for a request and answers it.
  fileprivate mutating func exchange(
    _ answer: String, with client: inout Peer, _ loop: inout Loop
  ) {
    let (asked, answered) = (received.count, client.received.count)
    loop.run {
      read()
      return received.count > asked && text.hasSuffix("\r\n\r\n")
    }
    send(answer)
    loop.run {
      client.read()
      return client.received.count == answered + answer.utf8.count
    }
  }
}
