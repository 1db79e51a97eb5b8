import Addressing
import Foundation
import Kernel
import Policy
import TLS
import Testing

@testable import DataPlane

@Suite("Bytes from outside, out of TLS and into it")
struct InboundRelayTests {
  typealias Limits = DataPlaneSettings.Limits

  /// More than all buffers on the way hold.
  static let much = (0..<6_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 11) }

  @Test("Both ways, whole, however slowly one side reads")
  func bulk() throws {
    var scene = try InboundScene(isOpaque: true)
    var peer = try scene.connect(as: "web")
    var workload = try scene.accept()
    var (sentUp, sentDown) = (0, 0)
    var turns = 0
    while peer.received.count < Self.much.count || workload.received.count < Self.much.count {
      turns += 1
      guard turns < 100_000 else { break }
      if sentUp < Self.much.count,
        case .bytes(let count) = peer.session.send(
          Self.much.span.extracting(sentUp..<min(sentUp + 50_000, Self.much.count)))
      {
        sentUp += count
      }
      if sentDown < Self.much.count,
        case .bytes(let count) = workload.socket.send(
          Self.much.span.extracting(sentDown..<min(sentDown + 70_000, Self.much.count)))
      {
        sentDown += count
      }
      scene.loop.turn(longestWait: 0)
      // One side reads while the other doesn't.
      if turns / 64 % 2 == 0 { peer.read() } else { workload.read() }
    }
    #expect(peer.received == Self.much)
    #expect(workload.received == Self.much)
    #expect(peer.wasCutOff == false)
    peer.close()
  }

  @Test("Each direction ends by itself, and TLS says so")
  func ends() throws {
    var scene = try InboundScene(isOpaque: true)
    var peer = try scene.connect(as: "web")
    var workload = try scene.accept()
    peer.send("to the workload")
    _ = peer.session.shutdownWrite()
    scene.loop.run {
      workload.read()
      return workload.hasEnded
    }
    #expect(workload.text == "to the workload")
    workload.send("and back")
    workload.socket.shutdownWrite()
    scene.run(&peer) { $0.hasEnded || $0.wasCutOff }
    #expect(peer.text == "and back")
    #expect(peer.hasEnded == true)
    let record = try #require(try scene.loop.records().first)
    #expect(record["outcome"] as? String == "completed")
    #expect(record["bytesSent"] as? Int == 15)
    #expect(record["bytesReceived"] as? Int == 8)
    #expect(record["protocol"] as? String == "tcp")
    #expect(record["peerSpiffeId"] as? String == InboundTests.web)
  }

  @Test("An end that TLS doesn't vouch for is none: the workload's connection is reset")
  func truncation() throws {
    var scene = try InboundScene(isOpaque: true)
    let peer = try scene.connect(as: "web")
    var workload = try scene.accept()
    peer.send("half of it")
    scene.loop.run {
      workload.read()
      return workload.text == "half of it"
    }
    // FIN, and no close_notify before it.
    peer.socket.shutdownWrite()
    scene.loop.run {
      workload.read()
      return workload.wasReset || workload.hasEnded
    }
    #expect(workload.wasReset == true)
    #expect(try scene.loop.records().first?["outcome"] as? String == "client-gone")
    peer.close()
  }

  @Test("A workload that breaks off is no clean end to the peer")
  func brokenOff() throws {
    var scene = try InboundScene(isOpaque: true)
    var peer = try scene.connect(as: "web")
    let workload = try scene.accept()
    workload.send("half of it")
    scene.run(&peer) { $0.text == "half of it" }
    workload.socket.resetOnClose()
    workload.close()
    scene.run(&peer) { $0.hasEnded || $0.wasCutOff }
    #expect(peer.wasCutOff == true)
  }

  @Test("A response that ends with its connection ends in TLS, too", arguments: [10, 3_000_000])
  func untilClose(length: Int) throws {
    var scene = try InboundScene()
    var peer = try scene.connect(as: "web")
    peer.send(InboundTests.get)
    var workload = try scene.accept()
    scene.loop.run {
      // Closing with unread bytes would be a reset.
      workload.read()
      return workload.text.hasSuffix("\r\n\r\n")
    }
    workload.send("HTTP/1.1 200 OK\r\n\r\n")
    var sent = 0
    for _ in 0..<100_000 where sent < length {
      if case .bytes(let count) = workload.socket.send(Self.much.span.extracting(sent..<length)) {
        sent += count
      }
      scene.loop.turn(longestWait: 0)
      peer.read()
    }
    workload.close()
    scene.run(&peer) { $0.hasEnded || $0.wasCutOff }
    #expect(peer.hasEnded == true)
    #expect(peer.received.count == length + 19)
  }

  @Test("A response that its workload breaks off is not complete to the peer")
  func brokenResponse() throws {
    var scene = try InboundScene()
    var peer = try scene.connect(as: "web")
    peer.send(InboundTests.get)
    let workload = try scene.accept()
    workload.send("HTTP/1.1 200 OK\r\n\r\nhalf")
    scene.run(&peer) { $0.text.hasSuffix("half") }
    workload.socket.resetOnClose()
    workload.close()
    scene.run(&peer) { $0.hasEnded || $0.wasCutOff }
    #expect(peer.wasCutOff == true)
  }

  @Test("Many small requests that come as one, and a body in many records")
  func pipelined() throws {
    var scene = try InboundScene()
    var peer = try scene.connect(as: "web")
    let body = String(repeating: "x", count: 100_000)
    peer.send(
      String(repeating: "GET /a HTTP/1.1\r\nhost: a\r\n\r\n", count: 40)
        + "POST /b HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n")
    var sent = 0
    var workload = try scene.accept()
    var answered = 0
    scene.loop.run {
      if sent < body.utf8.count {
        let rest = Array(body.utf8.dropFirst(sent).prefix(20_000))
        if case .bytes(let count) = peer.session.send(rest.span) { sent += count }
      }
      workload.read()
      peer.read()
      let heads = workload.text.components(separatedBy: "\r\n\r\n").count - 1
      while answered < min(heads, 40) {
        workload.send(InboundTests.ok)
        answered += 1
      }
      return workload.text.hasSuffix("xxx") && workload.text.count { $0 == "x" } > 100_000
    }
    workload.send(InboundTests.ok)
    scene.run(&peer) { $0.text.components(separatedBy: "ok").count == 42 }
    let records = try scene.loop.records()
    #expect(records.count == 41)
    #expect(records.allSatisfy { $0["policyDecision"] as? String == "allow" })
    peer.close()
  }

  @Test("A handshake that isn't done in time ends, and its place is free again")
  func slowHandshakes() throws {
    var limits = Limits()
    limits.connections = 8
    var scene = try InboundScene(limits: limits)
    scene.loop.holdTime()
    // A quarter of all places.
    var half = try scene.connect()
    half.send([0x16, 3, 1])
    var silent = try scene.connect()
    var third = try scene.connect()
    for _ in 0..<3 { scene.loop.turn(longestWait: 0) }
    third.read()
    #expect(third.wasReset == true)
    scene.loop.pass(6 * Limits.second)
    half.read()
    silent.read()
    #expect([half.hasEnded, half.wasReset].contains(true))
    #expect([silent.hasEnded, silent.wasReset].contains(true))
    let reasons = try scene.loop.records().map { $0["policyReason"] as? String }
    #expect(reasons == ["connection-limit", "peek-timeout", "peek-timeout"])
    // The one that had begun to speak is read away for a while.
    scene.loop.pass(3 * Limits.second)
    #expect(scene.loop.worker.unprovenInbound == 0)
    let peer = try scene.connect(as: "web")
    #expect(peer.session.isEstablished == true)
    for _ in 0..<3 { scene.loop.turn() }
    #expect(scene.loop.worker.unprovenInbound == 0)
    peer.close()
  }

  @Test("A verified peer that says nothing is closed after a while, and never passed on")
  func silent() throws {
    var scene = try InboundScene()
    var peer = try scene.connect(as: "web")
    scene.loop.holdTime()
    scene.loop.pass(60 * Limits.second)
    peer.read()
    #expect([peer.hasEnded, peer.wasCutOff] == [false, false])
    scene.loop.pass(300 * Limits.second)
    scene.run(&peer) { $0.hasEnded }
    let record = try #require(try scene.loop.records().first)
    #expect(record["policyReason"] as? String == "peek-timeout")
    #expect(record["peerSpiffeId"] as? String == InboundTests.web)
  }

  @Test(
    "A connection that rests is parked with its session, and goes on", arguments: [false, true])
  func parked(isOpaque: Bool) throws {
    var scene = try InboundScene(isOpaque: isOpaque)
    var peer = try scene.connect(as: "web")
    peer.send(isOpaque ? "hello" : InboundTests.get)
    let workload = try scene.accept()
    workload.send(isOpaque ? "ok" : InboundTests.ok)
    scene.run(&peer) { $0.text.hasSuffix("ok") }
    scene.loop.holdTime()
    scene.loop.pass(2 * Limits.second)
    scene.loop.pass(2 * Limits.second)
    let form = scene.loop.worker.slab.form(at: 0)
    #expect(form == (isOpaque ? .parkedRelay : .parked))
    peer.send(isOpaque ? "again" : InboundTests.get)
    for _ in 0..<5 { scene.loop.turn() }
    workload.send(isOpaque ? "ok" : InboundTests.ok)
    scene.run(&peer) { $0.text.components(separatedBy: "ok").count == 3 }
    peer.close()
  }

  @Test("What a new policy refuses is cut, where it is asked to look", arguments: [false, true])
  func rechecked(isOpaque: Bool) throws {
    var scene = try InboundScene(isOpaque: isOpaque)
    var peer = try scene.connect(as: "web")
    peer.send(isOpaque ? "hello" : InboundTests.get)
    var workload = try scene.accept()
    let port = scene.server.endpoint.port
    scene.loop.published.publish(
      .denyingAll,
      inbound: InboundPolicy(
        mode: .strict, rules: [], opaquePorts: isOpaque ? [port...port] : []), rechecks: true)
    scene.run(&peer) { $0.wasCutOff }
    workload.read()
    #expect(workload.wasReset == true)
    let record = try #require(try scene.loop.records().first)
    #expect(record["policyReason"] as? String == "peer-not-allowed")
    #expect(record["outcome"] as? String == "denied")
  }

  @Test("A drain lets what is under way end, and closes what rests")
  func drained() throws {
    var scene = try InboundScene()
    var resting = try scene.connect(as: "web")
    resting.send(InboundTests.get)
    let first = try scene.accept()
    first.send(InboundTests.ok)
    scene.run(&resting) { $0.text.hasSuffix("ok") }
    var busy = try scene.connect(as: "web")
    busy.send(InboundTests.get)
    let second = try scene.accept()
    scene.loop.mailbox.ask(for: .draining)
    scene.run(&resting) { $0.hasEnded }
    second.send(InboundTests.ok)
    scene.run(&busy) { $0.hasEnded }
    #expect(busy.text.hasSuffix("ok"))
  }
}

@Suite("Where a connection from outside was going")
struct InboundDestinationTests {
  let settings = DataPlaneSettings(
    workspaceID: "ws-test", workers: 1, listeners: [], ownPorts: [15001, 15000, 15006, 15053])

  func judged(_ address: String, _ port: UInt16) -> (FoundDestination, OriginalDestination) {
    let own = Set(["10.0.0.1", "10.0.0.2", "127.0.0.1", "::1"].map { IPAddress($0)! })
    let destination = OriginalDestination(Endpoint(address: IPAddress(address)!, port: port))
    let local = Endpoint(address: IPAddress("10.0.0.1")!, port: 15006)
    return (settings.judgeInbound(destination, local: local) { own.contains($0) }, destination)
  }

  @Test("The workload's ports, at any address of this host", arguments: ["10.0.0.1", "10.0.0.2"])
  func own(address: String) {
    let (found, destination) = judged(address, 8080)
    #expect(found == .elsewhere(destination))
  }

  @Test("Our own ports never", arguments: [15001, 15000, 15006, 15053], ["10.0.0.1", "10.0.0.2"])
  func ports(port: Int, address: String) {
    let (found, destination) = judged(address, UInt16(port))
    #expect(found == .ourselves(destination))
  }

  @Test(
    "Nor other hosts, nor what is served on loopback for this host alone",
    arguments: ["192.0.2.7", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
  func elsewhere(address: String) {
    let (found, destination) = judged(address, 8080)
    #expect(found == .foreign(destination))
  }
}
