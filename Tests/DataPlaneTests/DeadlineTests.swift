import Addressing
import Glibc
import Policy
import Testing

@testable import DataPlane
@testable import Kernel

/// Every wait, by a clock that the test moves: nothing happens a nanosecond before its deadline, and
/// what the deadline means has happened one step of the timer wheel later.
@Suite("Deadlines")
struct DeadlineTests {
  static let step = TimerWheel.step
  static let get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n"
  static let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

  let limits = DataPlaneSettings.Limits()

  /// A worker whose clock stands still, and a workload's connection to a server.
  struct Scene: ~Copyable {
    var loop: Loop
    var client: Peer
    let server: Server

    init(policy: Ruleset = .allowingLoopback()) throws {
      let server = try Server()
      var loop = try Loop(policy: policy)
      loop.holdTime()
      let client = try loop.connect(to: server.endpoint)
      self.server = server
      self.loop = loop
      self.client = client
    }

    /// The server's end, once the worker has connected and passed on what ends like this.
    mutating func accept(_ ending: String) throws -> Peer {
      var upstream = try loop.accept(at: server)
      loop.run {
        upstream.read()
        return upstream.text.hasSuffix(ending)
      }
      return upstream
    }

    /// Has the client wait for an answer's end.
    mutating func awaitAnswer(_ ending: String) {
      loop.run {
        client.read()
        return client.text.hasSuffix(ending)
      }
    }

    /// The client has been told nothing new, the end included.
    mutating func expectSilence(sourceLocation: SourceLocation = #_sourceLocation) {
      let heard = client.received.count
      expectClient(.open, sourceLocation: sourceLocation)
      let news = client.received.count - heard
      #expect(news == 0, sourceLocation: sourceLocation)
    }

    mutating func expectClient(
      _ expected: End, sourceLocation: SourceLocation = #_sourceLocation
    ) {
      client.read()
      let end = End(client)
      #expect(end == expected, sourceLocation: sourceLocation)
    }

    func expectOutcomes(
      _ expected: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      let outcomes = try loop.records().map { $0["outcome"] as? String ?? "" }
      #expect(outcomes == expected, sourceLocation: sourceLocation)
    }
  }

  /// How a peer's connection stands.
  enum End {
    case open, ended, reset

    init(_ peer: borrowing Peer) {
      self = peer.wasReset ? .reset : peer.hasEnded ? .ended : .open
    }
  }

  @Test("peekSeconds: the first bytes may take as long, and no longer", arguments: [false, true])
  func peek(inTime: Bool) throws {
    var scene = try Scene()
    scene.client.send("\u{16}\u{3}")
    scene.loop.pass(limits.peek - 1)
    scene.expectSilence()
    if inTime {
      // Not a hello after all: judged, allowed and passed on.
      scene.client.send("\u{0}\u{0}rest")
    } else {
      scene.loop.pass(Self.step)
    }
    scene.loop.run {
      scene.client.read()
      return scene.client.hasEnded || scene.client.wasReset || inTime
    }
    if inTime {
      scene.loop.pass(0)
      #expect(try scene.loop.records().first?["policyReason"] as? String != "peek-timeout")
    } else {
      #expect(scene.client.received == [0x15, 3, 3, 0, 2, 2, 112])
      #expect(try scene.loop.records().first?["policyReason"] as? String == "peek-timeout")
    }
  }

  @Test("requestHeadSeconds: a head that comes a byte at a time is served within, 408 beyond")
  func requestHead() throws {
    for lastByteIsInTime in [true, false] {
      var scene = try Scene()
      let bytes = Array(Self.get.utf8)
      let pause = (limits.requestHead - 1) / UInt64(bytes.count - 1)
      for byte in bytes.dropLast() {
        scene.client.send([byte])
        scene.loop.pass(0)
        scene.loop.pass(pause)
      }
      scene.expectSilence()
      if lastByteIsInTime {
        scene.client.send([bytes.last!])
        let upstream = try scene.accept("\r\n\r\n")
        #expect(upstream.text.hasPrefix("GET / HTTP/1.1\r\nhost: a\r\n"))
      } else {
        scene.loop.pass(limits.requestHead - pause * UInt64(bytes.count - 1) + Self.step)
        scene.client.read()
        #expect(scene.client.text.hasPrefix("HTTP/1.1 408 "))
        let record = try scene.loop.records().first
        #expect(record?["policyReason"] as? String == "peek-timeout")
        #expect(record?["responseStatus"] as? Int == 408)
      }
    }
  }

  @Test("requestHeadSeconds begins with each request's first byte, not with the connection")
  func laterHead() throws {
    var scene = try Scene()
    scene.client.send(Self.get)
    let upstream = try scene.accept("\r\n\r\n")
    upstream.send(Self.answer)
    scene.awaitAnswer("ok")
    scene.loop.pass(limits.keepAlive - 1)
    scene.client.send("GET ")
    scene.loop.pass(0)
    scene.loop.pass(limits.requestHead - 1)
    scene.expectSilence()
    scene.loop.pass(Self.step)
    scene.client.read()
    #expect(scene.client.text.contains("okHTTP/1.1 408 "))
    try scene.expectOutcomes("completed", "denied")
  }

  @Test("keepAliveSeconds: the next request is taken within, the connection ended beyond")
  func keepAlive() throws {
    var scene = try Scene()
    scene.client.send(Self.get)
    var upstream = try scene.accept("\r\n\r\n")
    upstream.send(Self.answer)
    scene.awaitAnswer("ok")
    scene.loop.pass(limits.keepAlive - 1)
    scene.expectSilence()
    scene.client.send(Self.get)
    let length = upstream.received.count
    scene.loop.run {
      upstream.read()
      return upstream.received.count > length && upstream.text.hasSuffix("\r\n\r\n")
    }
    upstream.send(Self.answer)
    scene.awaitAnswer("okHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
    scene.loop.pass(limits.keepAlive - 1)
    scene.expectSilence()
    scene.loop.pass(Self.step)
    scene.expectClient(.ended)
    upstream.read()
    let end = End(upstream)
    #expect(end == .ended)
    try scene.expectOutcomes("completed", "completed")
  }

  @Test("keepAliveSeconds counts from a refusal too; where that closes, it is read away for 2 s")
  func refused() throws {
    var scene = try Scene(policy: .denyingAll)
    scene.client.send(Self.get)
    scene.awaitAnswer("}\n")
    scene.loop.pass(limits.keepAlive - 1)
    scene.expectSilence()
    scene.client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n")
    scene.loop.run {
      scene.client.read()
      return scene.client.hasEnded
    }
    for _ in 0..<10 {
      scene.client.send("x")
      scene.loop.pass(Worker.lingerTime / 10 - 1)
    }
    let left = scene.loop.worker.slab.count
    #expect(left == 1)
    scene.loop.pass(Self.step)
    let leftLater = scene.loop.worker.slab.count
    #expect(leftLater == 0)
    try scene.expectOutcomes("denied", "denied")
  }

  @Test("connectSeconds: a request is answered 504, anything else reset", arguments: [true, false])
  func connect(isHTTP: Bool) throws {
    let server = try FullServer()
    var loop = try Loop(policy: .allowingLoopback())
    loop.holdTime()
    var client = try loop.connect(to: server.endpoint)
    client.send(isHTTP ? Self.get : "SSH-2.0-x\r\n")
    loop.pass(0)
    loop.pass(limits.connect - 1)
    client.read()
    let end = End(client)
    #expect(end == .open)
    #expect(client.text.isEmpty)
    loop.pass(Self.step)
    loop.run {
      client.read()
      return isHTTP ? client.text.hasSuffix("}\n") : client.wasReset
    }
    #expect(client.text.hasPrefix(isHTTP ? "HTTP/1.1 504 " : ""))
    let record = try loop.records().first
    #expect(record?["outcome"] as? String == "timed-out")
    #expect(record?["policyDecision"] as? String == "allow")
  }

  @Test("idleSeconds: every byte of a relay puts the end off, in either direction")
  func idleRelay() throws {
    var scene = try Scene()
    scene.client.send("SSH-2.0-x\r\n")
    var upstream = try scene.accept("\r\n")
    scene.loop.pass(limits.idle - 1)
    upstream.send("a")
    scene.awaitAnswer("a")
    scene.loop.pass(limits.idle - 1)
    scene.client.send("b")
    scene.loop.run {
      upstream.read()
      return upstream.text.hasSuffix("b")
    }
    scene.loop.pass(limits.idle - 1)
    scene.expectSilence()
    scene.loop.pass(Self.step)
    scene.expectClient(.reset)
    upstream.read()
    let end = End(upstream)
    #expect(end == .reset)
    try scene.expectOutcomes("timed-out")
  }

  @Test("idleSeconds: a server that says nothing is a 504, one that stops amid its answer a reset")
  func idleExchange() throws {
    for began in [false, true] {
      var scene = try Scene()
      scene.client.send(Self.get)
      var upstream = try scene.accept("\r\n\r\n")
      if began {
        scene.loop.pass(limits.idle - 1)
        upstream.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
        scene.awaitAnswer("half")
      }
      scene.loop.pass(limits.idle - 1)
      scene.expectSilence()
      scene.loop.pass(Self.step)
      scene.loop.run {
        scene.client.read()
        return began ? scene.client.wasReset : scene.client.text.hasSuffix("}\n")
      }
      upstream.read()
      let end = End(upstream)
      #expect(end == (began ? .reset : .ended))
      #expect(scene.client.text.hasPrefix(began ? "HTTP/1.1 200 " : "HTTP/1.1 504 "))
      try scene.expectOutcomes("timed-out")
    }
  }

  @Test("idleSeconds: an upload goes on as long as it moves at all")
  func slowUpload() throws {
    var scene = try Scene()
    scene.client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n")
    var upstream = try scene.accept("\r\n\r\n")
    for byte in ["1", "2", "3", "4"] {
      scene.loop.pass(limits.idle - 1)
      scene.client.send(byte)
      scene.loop.run {
        upstream.read()
        return upstream.text.hasSuffix(byte)
      }
    }
    upstream.send(Self.answer)
    scene.awaitAnswer("ok")
    try scene.expectOutcomes("completed")
  }

  @Test("halfClosedSeconds: one direction alone may go on, until it lies still")
  func halfClosedRelay() throws {
    var scene = try Scene()
    scene.client.send("SSH-2.0-x\r\n")
    var upstream = try scene.accept("\r\n")
    scene.client.socket.shutdownWrite()
    scene.loop.run {
      upstream.read()
      return upstream.hasEnded
    }
    for text in ["a", "b"] {
      scene.loop.pass(limits.halfClosed - 1)
      upstream.send(text)
      scene.awaitAnswer(text)
    }
    scene.loop.pass(limits.halfClosed - 1)
    scene.expectSilence()
    scene.loop.pass(Self.step)
    scene.expectClient(.reset)
    try scene.expectOutcomes("timed-out")
  }

  @Test("A half-closed relay that lies still is probed on both sides, before conntrack forgets it")
  func halfClosedProbes() throws {
    var scene = try Scene()
    scene.client.send("SSH-2.0-x\r\n")
    var upstream = try scene.accept("\r\n")
    scene.client.socket.shutdownWrite()
    scene.loop.run {
      upstream.read()
      return upstream.hasEnded
    }
    // What the sockets still have to tell of the end.
    for _ in 0..<3 { scene.loop.turn(longestWait: 0) }
    for (silence, expected) in [(14 * DataPlaneSettings.Limits.second, 0), (Self.step * 17, 1)] {
      scene.loop.pass(silence)
      guard let reference = scene.loop.worker.find(scene.loop.worker.slab.all[0]) else {
        throw Loop.Unexpected()
      }
      let client = keepsAlive(reference.connection.client.descriptor.number)
      let server = keepsAlive(reference.connection.upstream.descriptor.number)
      #expect([client, server] == [expected, expected])
    }
  }

  private func keepsAlive(_ number: Int32) -> Int {
    var value: Int32 = -1
    var length = socklen_t(MemoryLayout<Int32>.size)
    // Both point to a whole variable of their own for the length of the call.
    guard unsafe getsockopt(number, SOL_SOCKET, SO_KEEPALIVE, &value, &length) == 0 else {
      return -1
    }
    return Int(value)
  }

  @Test("halfClosedSeconds: a client that has finished sending waits that long for its answer")
  func halfClosedExchange() throws {
    for comes in [true, false] {
      var scene = try Scene()
      scene.client.send(Self.get)
      scene.client.socket.shutdownWrite()
      let upstream = try scene.accept("\r\n\r\n")
      scene.loop.pass(limits.halfClosed - 1)
      scene.expectSilence()
      if comes {
        upstream.send(Self.answer)
        scene.awaitAnswer("ok")
      } else {
        scene.loop.pass(Self.step)
        scene.awaitAnswer("}\n")
        #expect(scene.client.text.hasPrefix("HTTP/1.1 504 "))
      }
      try scene.expectOutcomes(comes ? "completed" : "timed-out")
    }
  }
}

/// A server on loopback that takes no further connection: its queue is full.
struct FullServer: ~Copyable {
  let endpoint: Endpoint
  private let listener: Descriptor
  private let waiting: Descriptor

  init() throws {
    let listener = try Descriptor.listening(
      on: Endpoint(address: Loop.loopback, port: 0), sharing: false)
    // Listening again changes the length of the queue: one connection fits.
    guard listen(listener.number, 0) == 0 else { throw Loop.Unexpected() }
    let endpoint = try listener.localEndpoint()
    let waiting = try Descriptor.connecting(to: endpoint)
    self.endpoint = endpoint
    self.listener = listener
    self.waiting = waiting
  }
}
