import Addressing
import Glibc
import Policy
import Telemetry
import Testing

@testable import DataPlane
@testable import Kernel

@Suite("HTTP between two sockets")
struct ExchangeTests {
  static let get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n"

  /// A request that has reached its server.
  struct Scene: ~Copyable {
    var loop: Loop
    var client: Peer
    var upstream: Peer

    init(
      _ request: String = ExchangeTests.get, limits: DataPlaneSettings.Limits = .init()
    ) throws {
      let server = try Server()
      var loop = try Loop(limits: limits, policy: .allowingLoopback())
      let client = try loop.connect(to: server.endpoint)
      client.send(request)
      var upstream = try loop.accept(at: server)
      loop.run {
        upstream.read()
        return upstream.text.hasSuffix("\r\n\r\n")
      }
      self.loop = loop
      self.client = client
      self.upstream = upstream
    }
  }

  @Test("An upstream that breaks off in its answer's head is a 502, however it came")
  func brokenHead() throws {
    for answer in ["", "HTTP/1.1 200 O", "HTTP/1.1 103 Early Hints\r\n\r\n"] {
      var scene = try Scene()
      if !answer.isEmpty { scene.upstream.send(answer) }
      // Both at once: the bytes and the end come in one event.
      scene.upstream.socket.shutdownWrite()
      scene.loop.run { [answer] in
        scene.client.read()
        return answer.contains("103")
          ? scene.client.wasReset : scene.client.text.hasPrefix("HTTP/1.1 502 ")
      }
      let record = try scene.loop.records().first
      #expect(record?["outcome"] as? String == "upstream-failed")
    }
  }

  @Test("Any number of interim answers passes, in whatever pieces they come")
  func interim() throws {
    var scene = try Scene()
    let hint = "HTTP/1.1 103 Early Hints\r\nx: \(String(repeating: "y", count: 970))\r\n\r\n"
    let text = String(repeating: hint, count: 150)
    let all = Array((text + "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").utf8)
    var sent = 0
    scene.loop.run {
      let rest = Array(all[sent...])
      if case .bytes(let count) = scene.upstream.socket.send(rest.span) { sent += count }
      scene.client.read()
      return scene.client.received.count == all.count
    }
    #expect(scene.client.received == all)
  }

  @Test("A client that resets while its answer is awaited ends both connections")
  func abandoned() throws {
    var scene = try Scene()
    scene.client.socket.resetOnClose()
    scene.client = Peer(.none)
    scene.loop.run {
      scene.upstream.read()
      return scene.upstream.wasReset || scene.upstream.hasEnded
    }
    let records = try scene.loop.records()
    #expect(records.count == 1)
    #expect(records.first?["outcome"] as? String == "client-gone")
    let left = scene.loop.worker.slab.count
    #expect(left == 0)
  }

  @Test("The end that the peek met is passed on", arguments: ["", "GE"])
  func endInPeek(start: String) throws {
    let server = try Server()
    var loop = try Loop(policy: .allowingLoopback())
    let client = try loop.connect(to: server.endpoint)
    if !start.isEmpty { client.send(start) }
    client.socket.shutdownWrite()
    var upstream = try loop.accept(at: server)
    loop.run {
      upstream.read()
      return upstream.hasEnded
    }
    #expect(upstream.text == start)
  }

  @Test("A refusal amid a request's body ends the connection, one behind it doesn't")
  func refusedBody() throws {
    for rest in ["3", "3\r\n"] {
      var loop = try Loop(policy: .denyingAll)
      var client = try loop.connect(to: Endpoint(address: IPAddress("192.0.2.7")!, port: 80))
      client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n12" + rest)
      loop.run {
        client.read()
        return client.text.hasSuffix("}\n")
      }
      #expect(client.text.hasPrefix("HTTP/1.1 403 "))
      let closes = rest.count == 1
      #expect(client.text.contains("connection: close\r\n") == closes)
      // Like a client that gives up its body and goes on with another request.
      client.send(Self.get)
      loop.run {
        client.read()
        return closes ? client.hasEnded : client.text.matches(of: /HTTP\/1.1/).count == 2
      }
      #expect(client.text.matches(of: /HTTP\/1.1/).count == (closes ? 1 : 2))
      #expect(try loop.records().count == (closes ? 1 : 2))
    }
  }

  @Test("No text of the last request stays in an idle connection's memory", arguments: [1, 60_000])
  func pathOf(length: Int) throws {
    let path = String(repeating: "p", count: length)
    var scene = try Scene("GET /\(path) HTTP/1.1\r\nhost: a\r\n\r\n")
    scene.upstream.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    scene.loop.run {
      scene.client.read()
      return scene.client.text.hasSuffix("\r\n\r\n")
    }
    guard let reference = scene.loop.worker.find(scene.loop.worker.slab.all[0]) else {
      Issue.record("the connection is gone")
      return
    }
    let kept = reference.connection.record.capacity
    #expect(kept == 0)
    #expect(try scene.loop.records().count == 1)
  }

  @Test("What follows urgent data is not held back")
  func urgentData() throws {
    let server = try Server()
    var loop = try Loop(policy: .allowingLoopback())
    let client = try loop.connect(to: server.endpoint)
    client.send("hello")
    var upstream = try loop.accept(at: server)
    loop.run {
      upstream.read()
      return upstream.text == "hello"
    }
    // All three are there before the next read, which stops at the mark.
    client.send(" wor")
    let urgent = unsafe Glibc.send(client.socket.number, "!", 1, Int32(MSG_OOB))
    #expect(urgent == 1)
    client.send("ld")
    loop.run {
      upstream.read()
      return upstream.text == "hello world"
    }
  }

  @Test("A refused upload of any size gets its answer")
  func refusedUpload() throws {
    var loop = try Loop(policy: .denyingAll)
    var client = try loop.connect(to: Endpoint(address: IPAddress("192.0.2.7")!, port: 80))
    client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100000000\r\n\r\n")
    let block = [UInt8](repeating: 7, count: 65536)
    for _ in 0..<100 {
      _ = client.socket.send(block.span)
      _ = loop.worker.turn(longestWait: 0)
    }
    client.read()
    #expect(client.text.hasPrefix("HTTP/1.1 403 "))
    let wasReset = client.wasReset
    #expect(!wasReset)
  }

  @Test("What a server says behind its answer never answers the next request")
  func surplus() throws {
    let server = try Server()
    var loop = try Loop(policy: .allowingLoopback())
    var client = try loop.connect(to: server.endpoint)
    client.send(Self.get)
    var first = try loop.accept(at: server)
    loop.run {
      first.read()
      return first.text.hasSuffix("\r\n\r\n")
    }
    // The head alone, so that the body's last read asks for no more than the body has.
    first.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")
    loop.run {
      client.read()
      return client.text.hasSuffix("\r\n\r\n")
    }
    first.send("12345HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")
    loop.run {
      client.read()
      return client.text.hasSuffix("12345")
    }
    client.send(Self.get)
    var second = try loop.accept(at: server)
    loop.run {
      second.read()
      return second.text.hasSuffix("\r\n\r\n")
    }
    second.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood")
    loop.run {
      client.read()
      return client.text.hasSuffix("good")
    }
    let text = client.text
    #expect(!text.contains("evil"))
  }
}
