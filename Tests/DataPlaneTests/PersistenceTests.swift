import Addressing
import Foundation
import Policy
import Telemetry
import Testing

@testable import DataPlane
@testable import Kernel

/// What follows an answer: another request, or the end (RFC 9112 §9.3).
@Suite("A connection after an answer")
struct PersistenceTests {
  static let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

  @Test("of HTTP/1.0 stays open only where both sides said so")
  func http10() throws {
    for (asked, said, stays) in [
      ("connection: keep-alive\r\n", "connection: keep-alive\r\n", true),
      ("connection: keep-alive\r\n", "", false), ("", "connection: keep-alive\r\n", false),
      ("", "", false),
    ] {
      var scene = try ExchangeTests.Scene("GET /1 HTTP/1.0\r\nhost: a\r\n\(asked)\r\n")
      let answer = "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\(said)\r\nok"
      scene.upstream.send(answer)
      scene.loop.run {
        scene.client.read()
        return scene.client.text.hasSuffix("ok") && (stays || scene.client.hasEnded)
      }
      #expect(scene.client.text == answer)
      guard stays else { continue }
      scene.client.send("GET /2 HTTP/1.0\r\nhost: a\r\n\r\n")
      scene.loop.run {
        scene.upstream.read()
        return scene.upstream.text.contains("GET /2 HTTP/1.0\r\n")
      }
    }
  }

  @Test("An event that brings nothing to read does not cost the upstream")
  func needlessEvent() throws {
    var scene = try ExchangeTests.Scene("GET /1 HTTP/1.1\r\nhost: a\r\n\r\n")
    scene.upstream.send(Self.ok)
    scene.loop.run {
      scene.client.read()
      return scene.client.text == Self.ok
    }
    // A byte beside the stream: the socket tells of something, and has nothing.
    #expect(unsafe send(scene.upstream.socket.number, "!", 1, Int32(MSG_OOB)) == 1)
    for _ in 0..<3 { scene.loop.turn() }
    scene.client.send("GET /2 HTTP/1.1\r\nhost: a\r\n\r\n")
    scene.loop.run {
      scene.upstream.read()
      return scene.upstream.text.contains("GET /2 ")
    }
  }

  @Test("that ends with its connection ends with it, in either version", arguments: [0, 1])
  func untilClose(minor: Int) throws {
    var scene = try ExchangeTests.Scene("GET / HTTP/1.\(minor)\r\nhost: a\r\n\r\n")
    let answer = "HTTP/1.\(minor) 200 OK\r\ncontent-type: text/plain\r\n\r\nall of it"
    scene.upstream.send(answer)
    scene.loop.run {
      scene.client.read()
      return scene.client.text.hasSuffix("of it")
    }
    let hasEnded = scene.client.hasEnded
    #expect(!hasEnded)
    scene.upstream.socket.shutdownWrite()
    scene.loop.run {
      scene.client.read()
      return scene.client.hasEnded
    }
    #expect(scene.client.text == answer)
    #expect(try scene.loop.records().map { $0["outcome"] as? String } == ["completed"])
  }

  @Test("A client that is gone while its answer streams ends both connections, as client-gone")
  func clientGone() throws {
    var scene = try ExchangeTests.Scene()
    scene.upstream.send("HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")
    let block = [UInt8](repeating: 7, count: 65536)
    for _ in 0..<20 {
      _ = scene.upstream.socket.send(block.span)
      _ = scene.loop.worker.turn(longestWait: 0)
    }
    scene.client.socket.resetOnClose()
    scene.client = Peer(.none)
    scene.loop.run {
      if !scene.upstream.wasReset { _ = scene.upstream.socket.send(block.span) }
      scene.upstream.read()
      // The reset may have been the send's to tell.
      return scene.upstream.wasReset || scene.upstream.hasEnded
    }
    let records = try scene.loop.records()
    #expect(records.map { $0["outcome"] as? String } == ["client-gone"])
    #expect(records.map { $0["policyDecision"] as? String } == ["allow"])
    let left = scene.loop.worker.slab.count
    #expect(left == 0)
  }

  @Test("A body that turns out malformed counts as denied, and only as that")
  func lateDenial() throws {
    var scene = try ExchangeTests.Scene(
      "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n")
    scene.client.send("5\r\nhello\r\nzz\r\n")
    scene.loop.run {
      scene.client.read()
      scene.upstream.read()
      return scene.client.hasEnded && scene.upstream.wasReset
    }
    #expect(scene.client.text.hasPrefix("HTTP/1.1 400 "))
    let counters = scene.loop.worker.counters
    #expect(counters.allowed.value == 0)
    #expect(counters.denials(for: .malformedRequest) == 1)
    let reasons = try scene.loop.records().map { $0["policyReason"] as? String }
    #expect(reasons == ["malformed-request"])
  }

  @Test(
    "A change of protocol to more than WebSocket is a 502",
    arguments: [
      "upgrade: websocket\r\nupgrade: h2c\r\n", "upgrade: h2c\r\nupgrade: websocket\r\n",
      "upgrade: websocket, h2c\r\n", "upgrade: h2c\r\n", "",
    ])
  func upgrades(fields: String) throws {
    var scene = try ExchangeTests.Scene(
      "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")
    scene.upstream.send("HTTP/1.1 101 x\r\nconnection: upgrade\r\n\(fields)\r\n")
    scene.loop.run {
      scene.client.read()
      return scene.client.text.hasPrefix("HTTP/1.1 502 ")
    }
    #expect(try scene.loop.records().map { $0["outcome"] as? String } == ["upstream-failed"])
  }
}
