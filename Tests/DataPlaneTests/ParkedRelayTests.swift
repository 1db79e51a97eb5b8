import Addressing
import Glibc
import Policy
import Telemetry
import Testing

@testable import DataPlane
@testable import Kernel

/// Bytes that go both ways unseen, and between them nothing for a while.
@Suite("A parked relay")
struct ParkedRelayTests {
  typealias Kind = RecheckScene.Kind

  static let kinds: [Kind] = [
    .webSocket, .tls, .tlsWithEncryptedHello, .opaque, .silent, .unseen, .tunnelOfTLS,
    .tunnelOfOpaque,
  ]

  /// A relay of which bytes have gone both ways, and its record.
  private static func record(of kind: Kind, rests: Bool) throws -> [String: String] {
    var scene = try RecheckScene(kind)
    func pause(_ scene: inout RecheckScene) {
      guard rests else { return }
      scene.loop.rest()
      #expect(scene.loop.form == .parkedRelay)
    }
    for text in ["one", "two"] {
      pause(&scene)
      scene.upstream.send(text)
      scene.hear(text)
      pause(&scene)
      scene.client.send(text)
      scene.loop.run {
        scene.upstream.read()
        return scene.upstream.text.hasSuffix(text)
      }
    }
    pause(&scene)
    #expect(try scene.loop.records().isEmpty)
    scene.client.socket.shutdownWrite()
    pauseHalfClosed(&scene)
    scene.upstream.socket.shutdownWrite()
    let counters = scene.loop.worker.counters
    scene.loop.run { counters.connectionsClosed.value == 1 }
    let records = try scene.loop.records()
    #expect(records.count == 1)
    // What differs from one connection to the next.
    let own: Set = ["timestamp", "auditId", "traceparent", "latencyMs", "sourcePort"]
    let server = "\(records.first?["destinationPort"] ?? "")"
    return (records.first ?? [:]).filter { !own.contains($0.key) }.mapValues {
      "\($0)".replacing(server, with: "port")
    }
  }

  private static func pauseHalfClosed(_ scene: inout RecheckScene) {
    scene.loop.run {
      scene.upstream.read()
      return scene.upstream.hasEnded
    }
    scene.loop.rest()
    #expect(scene.loop.form == .full)
  }

  @Test("passes on what comes, and its record is what it would have been", arguments: kinds)
  func relays(_ kind: Kind) throws {
    let record = try Self.record(of: kind, rests: true)
    #expect(record["outcome"] == "completed")
    #expect(record["matchedRule"] == "first")
    #expect(record == (try Self.record(of: kind, rests: false)))
  }

  @Test("is ended by its deadline, with one record")
  func idle() throws {
    var scene = try RecheckScene(.opaque)
    scene.loop.rest()
    let left = DataPlaneSettings.Limits().idle - Worker.parkAfter - TimerWheel.step
    for _ in 0..<9 {
      scene.loop.pass(left / 10)
      #expect(scene.loop.form == .parkedRelay)
    }
    scene.loop.pass(left / 10 + TimerWheel.step)
    scene.client.read()
    let wasReset = scene.client.wasReset
    #expect(wasReset)
    #expect(try scene.loop.records().map { $0["outcome"] as? String } == ["timed-out"])
  }

  @Test("is reset with either side", arguments: [true, false])
  func reset(byClient: Bool) throws {
    var scene = try RecheckScene(.opaque)
    scene.loop.rest()
    if byClient {
      scene.client.socket.resetOnClose()
      scene.client = Peer(.none)
    } else {
      scene.upstream.socket.resetOnClose()
      scene.upstream = Peer(.none)
    }
    let counters = scene.loop.worker.counters
    scene.loop.run { counters.connectionsClosed.value == 1 }
    #expect(
      try scene.loop.records().map { $0["outcome"] as? String } == [
        byClient ? "client-gone" : "upstream-failed"
      ])
  }

  @Test("is judged again by a new policy where that is asked for", arguments: kinds)
  func rechecked(_ kind: Kind) throws {
    for isAllowed in [true, false] {
      var scene = try RecheckScene(kind)
      scene.loop.rest()
      let (refusing, reason) = RecheckTests.refusing(kind)
      scene.publish(isAllowed ? RecheckTests.allowing(kind) : refusing, rechecks: true)
      let records = try scene.loop.records()
      if isAllowed {
        #expect(scene.loop.form == .parkedRelay)
        #expect(records.isEmpty)
        scene.upstream.send("still")
        scene.hear("still")
      } else {
        #expect(records.map { $0["policyReason"] as? String } == [reason])
        scene.client.read()
        let wasReset = scene.client.wasReset
        #expect(wasReset)
      }
    }
  }

  @Test("outlasts draining, and stopping writes its record")
  func shutdown() throws {
    var scene = try RecheckScene(.tls)
    scene.loop.rest()
    scene.loop.mailbox.ask(for: .draining)
    scene.loop.turn()
    #expect(scene.loop.form == .parkedRelay)
    scene.upstream.send("on")
    scene.hear("on")
    scene.loop.rest()
    scene.loop.mailbox.ask(for: .stopping)
    scene.loop.turn()
    #expect(try scene.loop.records().map { $0["outcome"] as? String } == ["shutdown"])
    scene.client.read()
    let wasReset = scene.client.wasReset
    #expect(wasReset)
  }

  @Test("was none of those of which anything is under way", arguments: Kind.allCases)
  func underWay(_ kind: Kind) throws {
    guard !Self.kinds.contains(kind) else { return }
    var scene = try RecheckScene(kind)
    scene.loop.rest()
    #expect(scene.loop.form == .full)
  }

  @Test("had nothing left to deliver, either way", arguments: [true, false])
  func pending(toServer: Bool) throws {
    var scene = try RecheckScene(.opaque)
    // Until the other end, which reads nothing, leaves some of it here; then all was read.
    let block = [UInt8](repeating: 7, count: 16 * 1024)
    var sent = 0
    var delivers = true
    while delivers, sent < 64 << 20 {
      let result =
        toServer
        ? scene.client.socket.send(block.span) : scene.upstream.socket.send(block.span)
      if case .bytes(let count) = result { sent += count }
      for _ in 0..<3 { scene.loop.turn(longestWait: 0) }
      let reference = scene.loop.worker.find(slot: 0)
      delivers =
        (toServer ? reference?.connection.sent.isEmpty : reference?.connection.received.isEmpty)
        ?? false
    }
    let reference = scene.loop.worker.find(slot: 0)
    let readsOn =
      toServer
      ? reference?.connection.client.isReadable : reference?.connection.upstream.isReadable
    #expect(readsOn == false)
    scene.loop.rest()
    #expect(scene.loop.form == .full)
    let before = (scene.upstream.received.count, scene.client.received.count)
    scene.loop.run {
      scene.upstream.read()
      scene.client.read()
      return toServer
        ? scene.upstream.received.count == before.0 + sent
        : scene.client.received.count == before.1 + sent
    }
    scene.loop.pass(0)
    scene.loop.rest()
    #expect(scene.loop.form == .parkedRelay)
  }

  @Test("had no urgent data, before the mark of which reads stop")
  func urgent() throws {
    var scene = try RecheckScene(.opaque)
    let urgent = unsafe Glibc.send(scene.client.socket.number, "!", 1, Int32(MSG_OOB))
    #expect(urgent == 1)
    scene.client.send("on")
    scene.loop.run {
      scene.upstream.read()
      return scene.upstream.text.hasSuffix("on")
    }
    scene.loop.rest()
    #expect(scene.loop.form == .full)
  }
}
