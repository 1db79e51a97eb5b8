import Addressing
import Foundation
import Policy
import Telemetry
import Testing

@testable import DataPlane
@testable import Kernel

/// A server needn't wait for a request's body before it answers (RFC 9112 §9.5), nor say that it will
/// read one (RFC 9110 §10.1.1).
@Suite("An answer that comes before the body does")
struct EarlyAnswerTests {
  static let upload = "PUT /x HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n"
  static let expecting =
    "PUT /x HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 10\r\n\r\n"
  static let conflict = "HTTP/1.1 409 Conflict\r\ncontent-length: 2\r\n\r\nno"

  /// Turns until the workload has got all of `text`, and nothing more.
  func expect(
    _ text: String, _ scene: inout ExchangeTests.Scene,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    scene.loop.run {
      scene.client.read()
      return scene.client.received.count >= text.utf8.count
    }
    #expect(scene.client.text == text, sourceLocation: sourceLocation)
  }

  @Test("passes at once; the body goes on to the server, and the connection after it")
  func keptAlive() throws {
    var scene = try ExchangeTests.Scene(Self.upload)
    scene.upstream.send(Self.conflict)
    expect(Self.conflict, &scene)
    scene.client.send("0123456789" + ExchangeTests.get)
    scene.loop.run {
      scene.upstream.read()
      return scene.upstream.text.components(separatedBy: "\r\n\r\n").count == 3
    }
    #expect(scene.upstream.text.contains("\r\n\r\n0123456789GET / HTTP/1.1\r\n"))
    scene.upstream.send(Self.conflict)
    expect(Self.conflict + Self.conflict, &scene)
    let count = Self.conflict.utf8.count
    #expect(try scene.loop.records().map { $0["bytesReceived"] as? Int } == [count, count])
  }

  @Test("and closes ends the connection, with its answer, whether or not the body comes")
  func closes() throws {
    let answer = "HTTP/1.1 413 x\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno"
    for rest in ["", "0123", "0123456789"] {
      var scene = try ExchangeTests.Scene(Self.upload)
      scene.upstream.send(answer)
      scene.upstream.socket.shutdownWrite()
      expect(answer, &scene)
      scene.loop.run {
        scene.client.read()
        return scene.client.hasEnded
      }
      if !rest.isEmpty { scene.client.send(rest) }
      scene.client = Peer(.none)
      for _ in 0..<2000 where scene.loop.worker.slab.count > 0 {
        _ = scene.loop.worker.turn(longestWait: 5)
      }
      let records = try scene.loop.records()
      #expect(records.map { $0["responseStatus"] as? Int } == [413])
      #expect(records.map { $0["outcome"] as? String } == ["completed"])
    }
  }

  @Test("does not hold the connection longer than between requests where the body never comes")
  func bodyNeverComes() throws {
    var limits = DataPlaneSettings.Limits()
    limits.keepAlive = DataPlaneSettings.Limits.second / 10
    var scene = try ExchangeTests.Scene(Self.upload, limits: limits)
    scene.upstream.send(Self.conflict)
    scene.client.send("012")
    scene.loop.run {
      scene.client.read()
      scene.upstream.read()
      return scene.client.wasReset && scene.upstream.wasReset
    }
    #expect(scene.client.text == Self.conflict)
    #expect(try scene.loop.records().map { $0["outcome"] as? String } == ["timed-out"])
  }

  @Test("is the server's word to a client that waits for 100 Continue")
  func finalStatusInstead() throws {
    var scene = try ExchangeTests.Scene(Self.expecting)
    scene.upstream.send("HTTP/1.1 417 x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
    scene.loop.run {
      scene.client.read()
      return scene.client.hasEnded
    }
    #expect(scene.client.text.hasPrefix("HTTP/1.1 417 x\r\n"))
    #expect(try scene.loop.records().map { $0["responseStatus"] as? Int } == [417])
  }

  @Test("is ours where the request is refused, and no 100 comes before it")
  func refused() throws {
    var loop = try Loop(policy: .denyingAll)
    var client = try loop.connect(to: Endpoint(address: IPAddress("192.0.2.7")!, port: 80))
    client.send(Self.expecting)
    loop.run {
      client.read()
      return client.hasEnded
    }
    #expect(client.text.hasPrefix("HTTP/1.1 403 "))
    #expect(client.text.contains("\r\nconnection: close\r\n"))
    #expect(try loop.records().count == 1)
  }

  @Test("of ours is not taken back by an upload that goes on; one without end is cut off")
  func refusedUpload() throws {
    var loop = try Loop(policy: .denyingAll)
    var client = try loop.connect(to: Endpoint(address: IPAddress("192.0.2.7")!, port: 80))
    client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000000\r\n\r\n")
    let block = [UInt8](repeating: 7, count: 65536)
    var sent = 0
    for _ in 0..<100_000 where loop.worker.slab.count > 0 {
      if case .bytes(let count) = client.socket.send(block.span) { sent += count }
      _ = loop.worker.turn(longestWait: 0)
    }
    let left = loop.worker.slab.count
    #expect(left == 0)
    #expect(sent > Worker.lingerLimit)
    #expect(sent < Worker.lingerLimit + 32 << 20)
    client.read()
    #expect(client.text.hasPrefix("HTTP/1.1 403 "))
    #expect(try loop.records().count == 1)
  }
}
