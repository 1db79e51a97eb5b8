import Addressing
import Policy
import TLS
import Testing

@testable import DataPlane

@Suite("A connection from outside, step by step")
struct InboundConnectionTests {
  typealias Terms = InboundConnection.Terms
  static let destination = OriginalDestination(
    Endpoint(address: IPAddress("10.0.0.5")!, port: 8080))
  static let web = try! SPIFFEID("spiffe://example.org/ns/prod/sa/web")
  static let strict = Terms(opening: .tls, isOpaque: false)

  /// What an action is, without what it carries.
  enum Step: Equatable {
    case sniff, handshake, readMore, decide, connect, exchange, relay
    case deny(DenyReason)

    init(_ action: consuming InboundConnection.Action) {
      self =
        switch consume action {
        case .sniff: .sniff
        case .handshake: .handshake
        case .readMore: .readMore
        case .decide: .decide
        case .connect: .connect
        case .exchange: .exchange
        case .relay: .relay
        case .deny(let denial): .deny(denial.reason)
        }
    }
  }

  static func begun(_ terms: Terms?) -> (InboundConnection, Step) {
    var machine = InboundConnection()
    let step = Step(machine.found(.elsewhere(destination), terms: terms))
    return (machine, step)
  }

  static func verified(_ terms: Terms = strict) -> (InboundConnection, Step) {
    var (machine, _) = begun(terms)
    _ = machine.sniffed(0x16)
    let step = Step(machine.verified(web))
    return (machine, step)
  }

  @Test(
    "What was not on its way to this workload is denied before a byte is read",
    arguments: [
      (FoundDestination.unavailable, DenyReason.originalDestinationUnavailable),
      (.proxy, .originalDestinationUnavailable), (.ourselves(destination), .loopDetected),
      (.foreign(destination), .forbiddenAddress),
    ])
  func elsewhere(found: FoundDestination, reason: DenyReason) {
    var machine = InboundConnection()
    #expect(Step(machine.found(found, terms: Self.strict)) == .deny(reason))
    #expect(machine.state == .denied)
  }

  @Test("Without a policy everything is denied")
  func noPolicy() { #expect(Self.begun(nil).1 == .deny(.policyUnavailable)) }

  @Test("A TLS handshake is what a first byte of 22 begins, and no other byte")
  func firstByte() {
    for byte in UInt8.min...UInt8.max {
      var (machine, step) = Self.begun(Self.strict)
      #expect(step == .sniff)
      #expect(Step(machine.sniffed(byte)) == (byte == 0x16 ? .handshake : .readMore))
      #expect(machine.peer == nil)
    }
  }

  @Test("On an opaque port that wants TLS nobody without it gets further")
  func opaqueInClear() {
    var (machine, _) = Self.begun(Terms(opening: .tls, isOpaque: true))
    #expect(Step(machine.sniffed(0x0a)) == .deny(.noPeerCertificate))
  }

  @Test("On a port that is declared to be plain text nothing is sniffed")
  func plaintext() {
    var (machine, step) = Self.begun(Terms(opening: .plaintext, isOpaque: false))
    #expect(step == .readMore)
    #expect(Step(machine.received(Array("GET / HTTP/1.1\r\n".utf8).span)) == .exchange)
    #expect(machine.peer == nil)
  }

  @Test("TLS of the workload's own passes a plain port only where that is opaque too")
  func ownTLS() {
    var (machine, step) = Self.begun(Terms(opening: .plaintext, isOpaque: false))
    #expect(step == .readMore)
    let hello: [UInt8] = [0x16, 0x03, 0x01, 0, 1, 1]
    #expect(Step(machine.received(hello.span)) == .deny(.opaqueProtocol))
    (machine, step) = Self.begun(Terms(opening: .plaintext, isOpaque: true))
    #expect(step == .decide)
    #expect(machine.peer == nil)
  }

  @Test("After the handshake requests are judged one by one, by whom they come from")
  func requests() {
    var (machine, step) = Self.verified()
    #expect(step == .readMore)
    #expect(machine.peer == Self.web)
    #expect(Step(machine.received(Array("GET / HTTP/1.1\r\n".utf8).span)) == .exchange)
    #expect(machine.state == .exchanging)
  }

  @Test("A handshake that failed ends it, whoever it was")
  func failure() {
    var (machine, _) = Self.begun(Self.strict)
    _ = machine.sniffed(0x16)
    #expect(Step(machine.handshakeFailed(.noPeerCertificate)) == .deny(.noPeerCertificate))
    #expect(machine.peer == nil)
  }

  @Test("On an opaque port a verified peer is judged at once")
  func opaque() {
    #expect(Self.verified(Terms(opening: .tls, isOpaque: true)).1 == .decide)
  }

  @Test(
    "What a lenient server might answer is never relayed unread",
    arguments: ["\r\nGET / HTTP/1.1\r\n", " GET / HTTP/1.1\r\n", "GET\t/ HTTP/1.1\r\n"])
  func resembling(text: String) {
    var (machine, _) = Self.verified()
    #expect(Step(machine.received(Array(text.utf8).span)) == .exchange)
  }

  /// Werkzeug answers each of the last ones, with whatever fields came behind it.
  @Test(
    "Other protocols need a port that is declared to be opaque",
    arguments: [
      "SSH-2.0-x\r\n", "\u{0}\u{1}\u{2}ab", "SSH-2.0-x ftp://h/orders HTTP/1.1\r\n",
      "(GET /orders HTTP/1.1\r\nHost: a\r\nx-forwarded-client-cert: URI=spiffe://p.test/admin\r\n",
      "\u{16}\u{3}GET /orders HTTP/1.1\r\n", "\u{0}GET / HTTP/1.1\r\n", "G\u{0} /o HTTP/1.1\r\n",
    ])
  func otherProtocols(text: String) {
    var (machine, _) = Self.verified()
    let step = Step(machine.received(Array(text.utf8).span))
    // The exchange reads it and answers 400.
    #expect(step == .deny(.opaqueProtocol) || step == .exchange, "\(step)")
  }

  @Test(
    "Nor is what comes in plain text relayed unread",
    arguments: [InboundPolicy.Opening.plaintext, .either])
  func otherProtocolsInClear(opening: InboundPolicy.Opening) {
    var (machine, _) = Self.begun(Terms(opening: opening, isOpaque: false))
    if opening == .either { _ = machine.sniffed(0x28) }
    let step = Step(machine.received(Array("(GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8).span))
    #expect(step == .deny(opening == .plaintext ? .opaqueProtocol : .noPeerCertificate))
  }

  @Test("HTTP/2 is denied, for its requests could claim any peer")
  func http2() {
    var (machine, _) = Self.verified()
    let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    #expect(Step(machine.received(preface.span)) == .deny(.opaqueProtocol))
    #expect(machine.content == .http2)
  }

  @Test("Who says nothing is never passed on")
  func silence() {
    var (machine, _) = Self.verified()
    #expect(Step(machine.sawTooLittle()) == .deny(.peekTimeout))
  }

  @Test("Only a permit connects")
  func permit() {
    let policy = InboundPolicy(mode: .strict, rules: [InboundRule(name: "all", peer: nil)])
    var (machine, _) = Self.verified(Terms(opening: .tls, isOpaque: true))
    let verdict = policy.decide(peer: Self.web, destination: Self.destination, method: nil)
    #expect(Step(machine.judged(verdict)) == .connect)
    #expect(Step(machine.connected()) == .relay)
    (machine, _) = Self.verified(Terms(opening: .tls, isOpaque: true))
    #expect(Step(machine.judged(.deny(Denial(.peerNotAllowed)))) == .deny(.peerNotAllowed))
  }
}
