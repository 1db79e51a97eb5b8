import Addressing
import Kernel
import Policy
import Telemetry
import Testing

@testable import DataPlane

/// What a policy that takes effect means for connections that are under way.
@Suite("A new policy and what is under way")
struct RecheckTests {
  typealias Kind = RecheckScene.Kind

  static let address = CIDR("127.0.0.1")!

  /// A policy that refuses each kind, and by what.
  static func refusing(_ kind: Kind) -> (Ruleset, String) {
    let rule: Rule
    let reason: String
    switch kind {
    case .request, .webSocket, .explicitRequest, .tunnelOfRequests:
      rule = Rule(
        name: "post", pattern: "127.0.0.1", matcher: .block(address),
        allowedMethods: [HTTPMethod("POST")!])
      reason = "method-not-allowed"
    case .tls, .opaque, .silent, .unseen, .tunnelOfTLS, .tunnelOfOpaque:
      rule = Rule(
        name: "get", pattern: "127.0.0.1", matcher: .block(address),
        allowedMethods: [HTTPMethod("GET")!])
      reason = "method-not-visible"
    case .tlsWithEncryptedHello:
      rule = Rule(
        name: "plain", pattern: "127.0.0.1", matcher: .block(address),
        allowsEncryptedClientHello: false)
      reason = "encrypted-client-hello"
    case .tunnelInWaiting:
      rule = Rule(
        name: "port", pattern: "127.0.0.1", matcher: .block(address), ports: [1...1])
      reason = "port-not-allowed"
    }
    return (Ruleset(rules: [rule], enforcementMode: .enforce), reason)
  }

  /// A policy that allows each kind, by other rules than before.
  static func allowing(_ kind: Kind) -> Ruleset {
    let isHTTP = kind == .request || kind == .webSocket || kind == .explicitRequest
    let rule = Rule(
      name: "second", pattern: "127.0.0.0/8", matcher: .block(CIDR("127.0.0.0/8")!),
      allowedMethods: isHTTP ? [HTTPMethod("GET")!] : [],
      allowsEncryptedClientHello: kind == .tlsWithEncryptedHello ? nil : false)
    return Ruleset(rules: [rule], enforcementMode: .enforce)
  }

  @Test("What it refuses is reset, with one record of why", arguments: Kind.allCases)
  func refused(_ kind: Kind) throws {
    var scene = try RecheckScene(kind)
    let before = try scene.loop.records().count
    let (policy, reason) = Self.refusing(kind)
    scene.publish(policy, rechecks: true)
    scene.client.read()
    scene.upstream.read()
    let wasReset = (client: scene.client.wasReset, upstream: scene.upstream.wasReset)
    #expect(wasReset == (true, true))
    let records = try scene.loop.records()
    // The CONNECT of a tunnel that carries requests has had its record.
    #expect(before == (kind == .tunnelOfRequests ? 1 : 0))
    #expect(records.count == 1)
    let record = records.first
    #expect(record?["policyDecision"] as? String == "deny")
    #expect(record?["policyReason"] as? String == reason)
    #expect(record?["outcome"] as? String == "denied")
    #expect(record?["enforced"] as? Bool == true)
    #expect(record?["matchedRule"] == nil)
    let sent = record?["bytesSent"] as? Int
    if kind == .silent || kind == .tunnelInWaiting {
      #expect(sent == 0)
    } else {
      #expect((sent ?? 0) >= kind.opening.count && sent != 0)
    }
    let count = scene.loop.worker.slab.count
    #expect(count == 0)
  }

  @Test(
    "What it allows goes on, and what it refuses where nobody asks", arguments: Kind.allCases,
    [true, false])
  func goesOn(_ kind: Kind, isAllowed: Bool) throws {
    var scene = try RecheckScene(kind)
    _ = try scene.loop.records()
    let policy = isAllowed ? Self.allowing(kind) : Self.refusing(kind).0
    scene.publish(policy, rechecks: isAllowed)
    #expect(try scene.loop.records().count == 0)
    // A tunnel in which nothing was said yet can't go on without being judged.
    guard kind != .tunnelInWaiting else {
      let state = scene.loop.worker.find(slot: 0)?.connection.machine.state
      #expect(state == .peeking)
      return
    }
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    scene.upstream.send(answer)
    scene.hear(answer)
    _ = consume scene.upstream
  }

  @Test("A relay says in its record by what it began, if it goes on")
  func record() throws {
    var scene = try RecheckScene(.opaque)
    scene.publish(Self.allowing(.opaque), rechecks: true)
    scene.client.socket.resetOnClose()
    scene.client = Peer(.none)
    let counters = scene.loop.worker.counters
    scene.loop.run { counters.connectionsClosed.value == 1 }
    #expect(try scene.loop.records().first?["matchedRule"] as? String == "first")
  }

  @Test(
    "What has not left yet is refused as anything is", arguments: [Kind.request, .tls, .opaque])
  func connecting(_ kind: Kind) throws {
    let server = try FullServer()
    var loop = try Loop(policy: .allowingLoopback())
    var client = try loop.connect(to: server.endpoint)
    client.send(kind.opening)
    for _ in 0..<3 { loop.turn(longestWait: 0) }
    let (policy, reason) = Self.refusing(kind)
    loop.published.publish(policy, rechecks: true)
    loop.run {
      client.read()
      return !client.received.isEmpty || client.wasReset
    }
    switch kind {
    case .request: #expect(client.text.hasPrefix("HTTP/1.1 403 "))
    case .tls: #expect(client.received == [0x15, 3, 3, 0, 2, 2, 49])
    default:
      let wasReset = client.wasReset
      #expect(wasReset)
    }
    let records = try loop.records()
    #expect(records.count == 1)
    #expect(records.first?["policyReason"] as? String == reason)
    #expect(records.first?["outcome"] as? String == "denied")
    #expect(records.first?["bytesSent"] as? Int == 0)
  }

  @Test("A target whose addresses are being dialled is given up", arguments: ["GET", "CONNECT"])
  func dialling(method: String) throws {
    let server = try FullServer()
    var loop = try Loop(policy: .allowingLoopback())
    var client = try loop.connectToProxy()
    let authority = "127.0.0.1:\(server.endpoint.port)"
    let target = method == "CONNECT" ? authority : "http://\(authority)/"
    client.send("\(method) \(target) HTTP/1.1\r\nhost: \(authority)\r\n\r\n")
    for _ in 0..<3 { loop.turn(longestWait: 0) }
    loop.published.publish(
      Ruleset(
        rules: [
          Rule(
            name: "port", pattern: "127.0.0.1", matcher: .block(Self.address), ports: [1...1])
        ], enforcementMode: .enforce), rechecks: true)
    loop.run {
      client.read()
      return client.text.hasSuffix("}\n")
    }
    #expect(client.text.hasPrefix("HTTP/1.1 403 "))
    #expect(try loop.records().map { $0["policyReason"] as? String } == ["port-not-allowed"])
  }

  @Test("Between two requests nothing happens: the next one is judged anyway")
  func idle() throws {
    var scene = try RecheckScene(.request)
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    scene.upstream.send(answer)
    scene.hear(answer)
    scene.publish(.denyingAll, rechecks: true)
    scene.client.send(Kind.request.opening)
    scene.hear("}\n")
    #expect(scene.client.text.contains("HTTP/1.1 403 "))
    #expect(
      try scene.loop.records().map { $0["policyDecision"] as? String } == ["allow", "deny"])
  }

  /// However fast further policies come: none of them makes it begin anew.
  @Test("some hundred a batch", arguments: [false, true])
  func slices(policiesKeepComing: Bool) throws {
    let server = try Server()
    var loop = try Loop(policy: .allowingLoopback())
    var clients: [Workload] = []
    for _ in 0..<600 {
      let client = try loop.connect(to: server.endpoint)
      client.send(Kind.opaque.opening)
      clients.append(Workload(client))
      loop.turn(longestWait: 0)
    }
    let counters = loop.worker.counters
    for _ in 0..<2000 where Self.relaying(&loop) < 600 { loop.turn() }
    #expect(Self.relaying(&loop) == 600)
    loop.published.publish(.denyingAll, rechecks: true)
    var closed: [Int] = []
    while counters.connectionsClosed.value < 600, closed.count < 10 {
      loop.turn(longestWait: 0)
      if policiesKeepComing { loop.published.publish(.denyingAll, rechecks: true) }
      closed.append(Int(counters.connectionsClosed.value))
    }
    #expect(closed.last == 600)
    #expect(closed.count >= 3)
    #expect(zip([0] + closed, closed).allSatisfy { $1 - $0 <= 256 }, "\(closed)")
    #expect(try loop.records().count == 600)
  }

  private static func relaying(_ loop: inout Loop) -> Int {
    (0..<loop.worker.slab.slotCount).count { slot in
      loop.worker.find(slot: slot)?.connection.machine.state == .relaying
    }
  }

  /// The workload's end of a connection, one of many.
  private final class Workload {
    let end: Peer

    init(_ end: consuming Peer) { self.end = end }
  }

  @Test("A policy that comes meanwhile is the one that counts")
  func superseded() throws {
    var scene = try RecheckScene(.opaque)
    scene.loop.published.publish(.denyingAll, rechecks: true)
    scene.loop.published.publish(Self.allowing(.opaque), rechecks: true)
    for _ in 0..<3 { scene.loop.turn(longestWait: 0) }
    scene.upstream.send("on")
    scene.hear("on")
  }
}
