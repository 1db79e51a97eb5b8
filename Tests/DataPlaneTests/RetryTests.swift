import Addressing
import Foundation
import Glibc
import Policy
import Telemetry
import Testing

@testable import DataPlane
@testable import Kernel

/// A server may close a kept connection at the very moment the next request is on its way (RFC 9112
/// §9.3.1): that request goes out again where the server can't take it for two.
@Suite("A request that meets a connection which its server closed")
struct RetryTests {
  static let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

  /// A connection that has had one request and its answer; its upstream is kept.
  struct Scene: ~Copyable {
    let server: Server
    var loop: Loop
    var client: Peer
    var upstream: Peer

    /// - Parameter window: bytes that sockets hold on the way to the server; nil for the usual.
    init(window: Int32? = nil) throws {
      let server = try Server()
      if let window { setBuffer(SO_RCVBUF, window, of: server.listener) }
      var loop = try Loop(policy: .allowingLoopback())
      var client = try loop.connect(to: server.endpoint)
      client.send("GET /first HTTP/1.1\r\nhost: a\r\n\r\n")
      var upstream = try loop.accept(at: server)
      loop.run {
        upstream.read()
        return upstream.text.hasSuffix("\r\n\r\n")
      }
      if let window, let connection = loop.worker.find(loop.worker.slab.all[0]) {
        setBuffer(SO_SNDBUF, window, of: connection.connection.upstream.descriptor)
      }
      upstream.send(RetryTests.ok)
      loop.run {
        client.read()
        return client.text.hasSuffix("ok")
      }
      self.server = server
      self.loop = loop
      self.client = client
      self.upstream = upstream
    }

    /// The workload sends a request, and the server has read it to `end`.
    mutating func send(_ request: String, end: String = "\r\n\r\n") {
      let before = upstream.received.count
      client.send(request)
      loop.run {
        upstream.read()
        return upstream.received.count > before && upstream.text.hasSuffix(end)
      }
    }

    /// The server goes away without another word.
    mutating func closeUpstream(byReset: Bool = false) {
      if byReset { upstream.socket.resetOnClose() }
      upstream = Peer(.none)
    }

    /// The server takes the request anew, on another connection, and answers it.
    mutating func answerAgain(end: String = "\r\n\r\n") throws -> String {
      var second = try loop.accept(at: server)
      loop.run {
        second.read()
        return second.text.hasSuffix(end)
      }
      second.send(RetryTests.ok)
      loop.run {
        client.read()
        return client.text.hasSuffix("ok" + RetryTests.ok)
      }
      return second.text
    }

    /// The workload is told that its request failed, and no other connection was made for it.
    mutating func expectFailure(
      _ start: String = "HTTP/1.1 502 ", sourceLocation: SourceLocation = #_sourceLocation
    ) {
      loop.run {
        client.read()
        return client.text.contains("ok" + start) || client.wasReset
      }
      #expect(client.text.contains("ok" + start), sourceLocation: sourceLocation)
      expectNoConnection(sourceLocation: sourceLocation)
    }

    mutating func expectNoConnection(sourceLocation: SourceLocation = #_sourceLocation) {
      for _ in 0..<3 { _ = loop.worker.turn(longestWait: 1) }
      guard case .none = server.listener.accept() else {
        Issue.record("the request went out again", sourceLocation: sourceLocation)
        return
      }
    }

    /// The audit records; the counters must agree with them.
    func outcomes(sourceLocation: SourceLocation = #_sourceLocation) throws -> [String] {
      let records = try loop.records()
      let allowed = records.filter { $0["policyDecision"] as? String == "allow" }
      #expect(
        loop.worker.counters.allowed.value == allowed.count, sourceLocation: sourceLocation)
      #expect(
        loop.worker.counters.auditRecords.value == records.count, sourceLocation: sourceLocation)
      return records.map { $0["outcome"] as? String ?? "" }
    }
  }

  @Test(
    "An idempotent one goes out again, once",
    arguments: ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"], [false, true])
  func idempotent(method: String, byReset: Bool) throws {
    var scene = try Scene()
    scene.send("\(method) /x HTTP/1.1\r\nhost: a\r\nx-kept: 1\r\n\r\n")
    scene.closeUpstream(byReset: byReset)
    var second = try scene.loop.accept(at: scene.server)
    scene.loop.run {
      second.read()
      return second.text.hasSuffix("\r\n\r\n")
    }
    #expect(second.text.hasPrefix("\(method) /x HTTP/1.1\r\nhost: a\r\nx-kept: 1\r\ntraceparent: "))
    second.send("HTTP/1.1 204 No Content\r\n\r\n")
    scene.loop.run {
      scene.client.read()
      return scene.client.text.hasSuffix("ok" + "HTTP/1.1 204 No Content\r\n\r\n")
    }
    #expect(try scene.outcomes() == ["completed", "completed"])
    #expect(scene.loop.worker.counters.retries.value == 1)
    #expect(scene.loop.worker.counters.requests.value == 2)
  }

  @Test("One that may not be repeated is a 502", arguments: ["POST", "PATCH", "FOO", "get"])
  func notIdempotent(method: String) throws {
    var scene = try Scene()
    scene.send("\(method) /x HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n")
    scene.closeUpstream()
    scene.expectFailure()
    #expect(try scene.outcomes() == ["completed", "upstream-failed"])
  }

  @Test("One of which nothing was sent goes elsewhere whatever its method")
  func neverSent() throws {
    var scene = try Scene()
    // Both before the worker looks: the request is read first, the reset only when it is sent.
    scene.client.send("POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbo")
    scene.closeUpstream(byReset: true)
    _ = scene.loop.worker.turn(longestWait: 5)
    scene.client.send("dy")
    #expect(try scene.answerAgain(end: "body").hasPrefix("POST /x "))
    #expect(try scene.outcomes() == ["completed", "completed"])
  }

  /// How a small body is announced, and the body.
  static let bodies = [
    ("content-length: 4", "body"), ("transfer-encoding: chunked", "4\r\nbody\r\n0\r\n\r\n"),
  ]

  @Test(
    "A small body goes out again with it, in whatever pieces it comes", arguments: bodies,
    [0, 1, 3, 99])
  func smallBody(form: (announced: String, body: String), first: Int) throws {
    var scene = try Scene()
    let body = Array(form.body.utf8)
    let cut = min(first, body.count)
    scene.send("PUT /x HTTP/1.1\r\nhost: a\r\n\(form.announced)\r\n\r\n")
    if cut > 0 {
      let piece = String(decoding: body[..<cut], as: UTF8.self)
      scene.send(piece, end: piece)
    }
    scene.closeUpstream()
    if cut < body.count { scene.client.send(Array(body[cut...])) }
    let again = try scene.answerAgain(end: form.body)
    #expect(again.hasPrefix("PUT /x HTTP/1.1\r\nhost: a\r\n\(form.announced)\r\ntraceparent: "))
    #expect(try scene.outcomes() == ["completed", "completed"])
  }

  @Test("What the closed connection had not taken goes out once, in its place")
  func halfTaken() throws {
    var scene = try Scene(window: 1)
    let body = String(repeating: "b", count: 10_000)
    scene.client.send("PUT /x HTTP/1.1\r\nhost: a\r\ncontent-length: 10000\r\n\r\n" + body)
    let id = scene.loop.worker.slab.all[0]
    guard let connection = scene.loop.worker.find(id) else { throw Loop.Unexpected() }
    scene.loop.run { connection.connection.kept.count > body.utf8.count }
    let waits = !connection.connection.sent.pending.isEmpty
    #expect(waits)
    setBuffer(SO_RCVBUF, 1 << 20, of: scene.server.listener)
    // It says that it is done, and reads nothing.
    scene.upstream.socket.shutdownWrite()
    var second = try scene.loop.accept(at: scene.server)
    scene.loop.run {
      second.read()
      return second.text.contains("\r\n\r\n" + body)
    }
    #expect(second.text.hasPrefix("PUT /x HTTP/1.1\r\nhost: a\r\n"))
    #expect(second.text.hasSuffix("\r\n\r\n" + body))
    second.send(Self.ok)
    scene.loop.run {
      scene.client.read()
      return scene.client.text.hasSuffix("ok" + Self.ok)
    }
    #expect(try scene.outcomes() == ["completed", "completed"])
  }

  @Test("A body that is too large to keep is a 502", arguments: [true, false])
  func largeBody(isChunked: Bool) throws {
    var scene = try Scene()
    let size = 65_000
    let body = String(repeating: "b", count: size)
    let head = "GET /x HTTP/1.1\r\nhost: a\r\n"
    let pad = "x-pad: \(String(repeating: "p", count: 1000))\r\n"
    scene.send(
      head + pad
        + (isChunked
          ? "transfer-encoding: chunked\r\n\r\n\(String(size, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
          : "content-length: \(size)\r\n\r\n\(body)"),
      end: isChunked ? "0\r\n\r\n" : "bbb")
    scene.closeUpstream()
    scene.expectFailure()
    #expect(try scene.outcomes() == ["completed", "upstream-failed"])
  }

  @Test("A second failure is a 502")
  func twice() throws {
    var scene = try Scene()
    scene.send("GET /x HTTP/1.1\r\nhost: a\r\n\r\n")
    scene.closeUpstream()
    var second = try scene.loop.accept(at: scene.server)
    scene.loop.run {
      second.read()
      return second.text.hasSuffix("\r\n\r\n")
    }
    second = Peer(.none)
    scene.expectFailure()
    #expect(try scene.outcomes() == ["completed", "upstream-failed"])
    #expect(scene.loop.worker.counters.retries.value == 1)
  }

  @Test("Where anything of an answer has come it is not repeated")
  func answerBegan() throws {
    var scene = try Scene()
    scene.send("GET /x HTTP/1.1\r\nhost: a\r\n\r\n")
    scene.upstream.send("H")
    for _ in 0..<3 { _ = scene.loop.worker.turn(longestWait: 1) }
    scene.closeUpstream()
    scene.expectFailure()
    #expect(try scene.outcomes() == ["completed", "upstream-failed"])
  }

  @Test("Nor is it where an interim answer has come")
  func interimCame() throws {
    var scene = try Scene()
    scene.send("PUT /x HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n")
    scene.upstream.send("HTTP/1.1 100 Continue\r\n\r\n")
    scene.loop.run {
      scene.client.read()
      return scene.client.text.hasSuffix("HTTP/1.1 100 Continue\r\n\r\n")
    }
    scene.closeUpstream()
    scene.loop.run {
      scene.client.read()
      return scene.client.wasReset
    }
    scene.expectNoConnection()
    #expect(try scene.outcomes() == ["completed", "upstream-failed"])
  }

  @Test("The policy in force judges it anew, and where it refuses it is a 502")
  func policyChanged() throws {
    var scene = try Scene()
    scene.send("GET /x HTTP/1.1\r\nhost: a\r\n\r\n")
    scene.loop.published.publish(.denyingAll)
    scene.closeUpstream()
    scene.expectFailure()
    // It was allowed when it left.
    #expect(try scene.outcomes() == ["completed", "upstream-failed"])
    #expect(scene.loop.worker.counters.allowed.value == 2)
  }

  @Test("Where nobody listens any more it is a 502")
  func serverGone() throws {
    var scene = try Scene()
    scene.send("GET /x HTTP/1.1\r\nhost: a\r\n\r\n")
    let stopped = Glibc.shutdown(scene.server.listener.number, Int32(SHUT_RDWR))
    #expect(stopped == 0)
    scene.closeUpstream()
    scene.loop.run {
      scene.client.read()
      return scene.client.text.contains("okHTTP/1.1 502 ")
    }
    #expect(try scene.outcomes() == ["completed", "upstream-failed"])
  }

  @Test("The connection goes on after it")
  func goesOn() throws {
    var scene = try Scene()
    scene.send("GET /x HTTP/1.1\r\nhost: a\r\n\r\n")
    scene.closeUpstream()
    var second = try scene.loop.accept(at: scene.server)
    for number in 2...3 {
      scene.loop.run {
        second.read()
        return second.text.components(separatedBy: "\r\n\r\n").count == number
      }
      second.send(Self.ok)
      scene.loop.run {
        scene.client.read()
        return scene.client.text.components(separatedBy: Self.ok).count == number + 1
      }
      if number == 2 { scene.client.send("GET /y HTTP/1.1\r\nhost: a\r\n\r\n") }
    }
    #expect(try scene.outcomes() == ["completed", "completed", "completed"])
  }

  @Test("It takes memory only on a kept connection, and only until an answer begins")
  func memory() throws {
    func kept(_ loop: inout Loop) -> Int {
      loop.worker.find(loop.worker.slab.all[0])?.connection.kept.capacity ?? -1
    }
    let server = try Server()
    var loop = try Loop(policy: .allowingLoopback())
    let client = try loop.connect(to: server.endpoint)
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    let upstream = try loop.accept(at: server)
    for _ in 0..<3 { _ = loop.worker.turn(longestWait: 1) }
    #expect(kept(&loop) == 0)
    _ = consume upstream

    var scene = try Scene()
    scene.send("GET /x HTTP/1.1\r\nhost: a\r\n\r\n")
    let before = kept(&scene.loop)
    #expect((1...BufferPool.keptCapacity).contains(before))
    scene.upstream.send("H")
    for _ in 0..<3 { _ = scene.loop.worker.turn(longestWait: 1) }
    let after = kept(&scene.loop)
    #expect(after == 0)
  }
}

private func setBuffer(_ option: Int32, _ size: Int32, of socket: borrowing Descriptor) {
  var size = size
  let result = unsafe setsockopt(
    socket.number, SOL_SOCKET, option, &size, socklen_t(MemoryLayout<Int32>.size))
  #expect(result == 0)
}
