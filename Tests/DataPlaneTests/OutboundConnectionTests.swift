import Addressing
import Policy
import Testing

@testable import DataPlane

@Suite("A connection's state machine")
struct OutboundConnectionTests {
  let destination = OriginalDestination(Endpoint(address: IPAddress("192.0.2.7")!, port: 443))

  /// What an action is, without its payload.
  enum Kind: Equatable {
    case readMore, decideWithoutPeeking, lookUp(name: String?), decide, connect, exchange, relay
    case relayOverTunnel
    case deny(DenyReason)
  }

  func kind(_ action: consuming OutboundConnection.Action) -> Kind {
    switch consume action {
    case .readMore: .readMore
    case .decideWithoutPeeking: .decideWithoutPeeking
    case .lookUp(let flow): .lookUp(name: flow.name?.description)
    case .decide: .decide
    case .connect: .connect
    case .exchange: .exchange
    case .relay: .relay
    case .relayOverTunnel: .relayOverTunnel
    case .deny(let denial): .deny(denial.reason)
    }
  }

  /// A machine that waits for bytes.
  func peeking() -> OutboundConnection {
    var machine = OutboundConnection()
    _ = machine.found(.elsewhere(destination))
    _ = machine.judgedWithoutPeeking(nil)
    return machine
  }

  @Test("An unknown destination is denied; no other address takes its place")
  func unknownDestination() {
    var machine = OutboundConnection()
    #expect(kind(machine.found(.unavailable)) == .deny(.originalDestinationUnavailable))
    #expect(machine.destination == nil)
  }

  @Test("A connection that leads back to us is a loop, and its destination is known")
  func loop() {
    var machine = OutboundConnection()
    #expect(kind(machine.found(.ourselves(destination))) == .deny(.loopDetected))
    #expect(machine.destination == destination)
  }

  @Test("A refusal comes before everything else")
  func refusal() {
    var machine = OutboundConnection()
    let action = machine.found(.elsewhere(destination), refusal: .connectionLimit)
    #expect(kind(action) == .deny(.connectionLimit))
    #expect(machine.state == .denied)
  }

  @Test("A permit without a peek connects at once")
  func withoutPeeking() {
    let ruleset = Ruleset(
      rules: [
        Rule(
          name: "db", pattern: "192.0.2.7", matcher: .block(CIDR("192.0.2.7")!),
          ports: [443...443])
      ], enforcementMode: .enforce)
    var machine = OutboundConnection()
    #expect(kind(machine.found(.elsewhere(destination))) == .decideWithoutPeeking)
    let verdict = ruleset.decideWithoutPeeking(destination, from: nil, at: nil)
    #expect(kind(machine.judgedWithoutPeeking(verdict)) == .connect)
    #expect(kind(machine.connected()) == .relay)
  }

  @Test("HTTP is handed over to the exchange as soon as it shows")
  func http() {
    var machine = peeking()
    #expect(kind(machine.received(Array("GE".utf8).span, helloLimit: 16384)) == .readMore)
    #expect(kind(machine.received(Array("GET / H".utf8).span, helloLimit: 16384)) == .exchange)
    #expect(machine.content == .http)
  }

  @Test("Other bytes are looked up as an opaque flow")
  func opaque() {
    var machine = peeking()
    #expect(
      kind(machine.received(Array("SSH-2.0-x\r\n".utf8).span, helloLimit: 16384))
        == .lookUp(name: nil))
    #expect(machine.content == .opaque)
  }

  @Test("HTTP/2 with prior knowledge is judged as an opaque flow, and known for its refusal")
  func http2() {
    var machine = peeking()
    #expect(kind(machine.received(Array("PRI * HTTP".utf8).span, helloLimit: 16384)) == .readMore)
    let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    #expect(kind(machine.received(preface.span, helloLimit: 16384)) == .lookUp(name: nil))
    #expect(machine.content == .http2)
  }

  @Test("Garbage where a hello should be is denied as malformed")
  func malformedHello() {
    var machine = peeking()
    let bytes: [UInt8] = [0x16, 3, 1, 0, 4, 2, 0, 0, 0]
    #expect(
      kind(machine.received(bytes.span, helloLimit: 16384)) == .deny(.malformedClientHello))
  }

  @Test("A hello that never ends is a timeout, one that breaks off is malformed")
  func unfinishedHello() {
    for (ended, reason) in [(false, DenyReason.peekTimeout), (true, .malformedClientHello)] {
      var machine = peeking()
      #expect(
        kind(machine.received([0x16, 3, 1, 1, 0, 1, 0].span, helloLimit: 16384)) == .readMore)
      #expect(kind(machine.sawTooLittle(ended: ended)) == .deny(reason))
    }
  }

  @Test("Silence is judged, so that a rule for the address can still allow it")
  func silence() {
    var machine = peeking()
    #expect(kind(machine.sawTooLittle(ended: false)) == .lookUp(name: nil))
  }

  @Test("A denial ends in the state denied, whoever made it")
  func judgedDenied() {
    var machine = peeking()
    _ = machine.received(Array("SSH-2.0-x\r\n".utf8).span, helloLimit: 16384)
    #expect(kind(machine.judged(.deny(Denial(.opaqueProtocol)))) == .deny(.opaqueProtocol))
    #expect(machine.state == .denied)
  }

  // MARK: The explicit proxy

  let tunnel = Tunnel(name: try? HostName("a.example.com"))

  /// A machine whose CONNECT is being answered.
  func opening() -> OutboundConnection {
    var machine = OutboundConnection()
    #expect(kind(machine.found(.proxy)) == .readMore)
    #expect(
      kind(machine.received(Array("CONNECT a:443 ".utf8).span, helloLimit: 16384)) == .exchange)
    machine.leads(to: destination)
    machine.opensTunnel()
    return machine
  }

  @Test(
    "What is no request asks the proxy for nothing",
    arguments: [("SSH-2.0-x\r\n", false), ("\u{16}\u{03}\u{01}", true), ("\u{15}\u{03}", true)])
  func noRequest(bytes: String, isTLS: Bool) {
    var machine = OutboundConnection()
    _ = machine.found(.proxy)
    #expect(
      kind(machine.received(Array(bytes.utf8).span, helloLimit: 16384))
        == .deny(.originalDestinationUnavailable))
    #expect(machine.content == (isTLS ? .tls : .opaque))
  }

  @Test("Silence asks the proxy for nothing")
  func silentClient() {
    var machine = OutboundConnection()
    _ = machine.found(.proxy)
    #expect(kind(machine.sawTooLittle(ended: false)) == .deny(.originalDestinationUnavailable))
  }

  @Test("What a tunnel carries is judged by the tunnel's name, over the upstream that is open")
  func opaqueTunnel() throws {
    var machine = opening()
    #expect(kind(machine.opened(tunnel)) == .readMore)
    #expect(
      kind(
        machine.received(Array("SSH-2.0-x\r\n".utf8).span, helloLimit: 16384, through: tunnel))
        == .lookUp(name: "a.example.com"))
    let ruleset = Ruleset(
      rules: [Rule(name: "any", pattern: "*", matcher: .anyName)], enforcementMode: .enforce)
    let flow = Flow(
      destination: destination, name: try HostName("a.example.com"), content: .opaque)
    #expect(kind(machine.judged(ruleset.decide(flow, from: nil, at: nil))) == .relayOverTunnel)
  }

  @Test("A silent tunnel is judged by its name where its server speaks first")
  func silentTunnel() throws {
    var machine = opening()
    _ = machine.opened(tunnel)
    #expect(
      kind(machine.sawTooLittle(ended: false, through: tunnel, serverSpoke: true))
        == .lookUp(name: "a.example.com"))
  }

  @Test("Where both are silent its name admits nothing: what came later would not be judged")
  func silenceInTunnel() throws {
    var machine = opening()
    _ = machine.opened(tunnel)
    #expect(
      kind(machine.sawTooLittle(ended: false, through: tunnel)) == .lookUp(name: nil))
  }

  @Test("HTTP/2 in a tunnel may be for any host, so its name admits nothing")
  func http2InTunnel() throws {
    var machine = opening()
    _ = machine.opened(tunnel)
    let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    #expect(
      kind(machine.received(preface.span, helloLimit: 16384, through: tunnel))
        == .lookUp(name: nil))
  }

  @Test("What a server could take for a request is read as one in a tunnel")
  func resemblingInTunnel() throws {
    for bytes in [
      "\r\nGET / HTTP/1.1\r\n", "\n", "\r", " GET / HTTP/1.1\r\n", "FOO  / HTTP/1.1\r\n",
      "FOO\t/ HTTP/1.1\r\n", "FOO ftp://b/ HTTP/1.1\r\n", String(repeating: "A", count: 32),
    ] {
      var machine = opening()
      _ = machine.opened(tunnel)
      #expect(
        kind(machine.received(Array(bytes.utf8).span, helloLimit: 16384, through: tunnel))
          == .exchange)
      var captured = peeking()
      #expect(
        kind(captured.received(Array(bytes.utf8).span, helloLimit: 16384)) == .lookUp(name: nil))
    }
  }

  @Test("A tunnel to an address may need no peek")
  func tunnelToAddress() {
    var machine = opening()
    #expect(kind(machine.opened(Tunnel(name: nil))) == .decideWithoutPeeking)
    #expect(kind(machine.judgedWithoutPeeking(nil)) == .readMore)
  }

  @Test("A tunnel may carry requests")
  func requestsInTunnel() throws {
    var machine = opening()
    _ = machine.opened(tunnel)
    #expect(
      kind(machine.received(Array("GET / ".utf8).span, helloLimit: 16384, through: tunnel))
        == .exchange)
  }

  @Test(
    "The hello in a tunnel must name the tunnel's host",
    arguments: [("a.example.com", true), ("A.Example.com", true), ("b.example.com", false)])
  func helloInTunnel(name: String, isSame: Bool) throws {
    var machine = opening()
    _ = machine.opened(tunnel)
    let action = kind(machine.received(Self.hello(name).span, helloLimit: 16384, through: tunnel))
    #expect(action == (isSame ? .lookUp(name: "a.example.com") : .deny(.destinationMismatch)))
  }

  /// A ClientHello with no more than a server name.
  static func hello(_ name: String) -> [UInt8] {
    func vector16(_ bytes: [UInt8]) -> [UInt8] {
      [UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] + bytes
    }
    let names = vector16([0] + vector16(Array(name.utf8)))
    let body: [UInt8] =
      [3, 3] + [UInt8](repeating: 7, count: 32) + [0, 0, 2, 0, 0x2f, 1, 0]
      + vector16([0, 0] + vector16(names))
    return [0x16, 3, 1] + vector16([1, 0] + vector16(body))
  }
}
