import Addressing
import COpenSSL
import Kernel
import TLS
import Testing

@Suite("What TLS offers and we don't, or only so")
struct ProtocolTests {
  @Test("a peer may change its keys, and ask for ours to change", arguments: [0, 1])
  func keyUpdate(asking: Int32) throws {
    let (server, client) = (try RobustnessTests.server(), RawPeer(.client))
    exchange(client, server)
    try #require(server.isEstablished)
    for round in 0..<5 {
      #expect(unsafe SSL_key_update(client.ssl, asking) == 1)
      client.send(Array("round \(round)".utf8))
      server.give(client.take())
      #expect(server.receiveAll() == (Array("round \(round)".utf8), .wantsRead))
      #expect(server.send("answer \(round)") == .bytes(8))
      client.give(server.take())
      #expect(client.receive() == Array("answer \(round)".utf8))
    }
  }

  @Test("a client that wants to renegotiate doesn't get it")
  func renegotiation() throws {
    let (server, client) = (try RobustnessTests.server(), RawPeer(.client))
    client.limit(to: TLS1_2_VERSION)
    exchange(client, server)
    try #require(server.isEstablished)
    // Whether the client's library lets it ask or not, no second handshake comes of it.
    _ = unsafe SSL_renegotiate(client.ssl)
    _ = client.advance()
    server.give(client.take())
    let end = server.receiveAll().end
    client.give(server.take())
    _ = client.receive()
    #expect(unsafe SSL_is_init_finished(client.ssl) == 0)
    #expect([.wantsRead, .failed(.renegotiation), .failed(.malformed)].contains(end))
  }

  @Test(
    "a session is never resumed: whoever comes back is verified again",
    arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
  func resumption(version: Int32) throws {
    let (first, client) = (try RobustnessTests.server(), RawPeer(.client))
    client.limit(to: version)
    exchange(client, first)
    try #require(first.isEstablished)
    _ = first.send("x")
    client.give(first.take())
    _ = client.receive()
    guard let session = Resumable(of: client) else { return }
    let (second, again) = (try RobustnessTests.server(), RawPeer(.client, session: session))
    again.limit(to: version)
    exchange(again, second)
    #expect(unsafe SSL_session_reused(again.ssl) == 0)
    #expect(second.peer?.id == .web)
  }

  @Test("a server's tickets are taken and not used")
  func tickets() throws {
    let (client, server) = (try RobustnessTests.client(), RawPeer(.server))
    unsafe SSL_set_num_tickets(server.ssl, 4)
    exchange(client, server)
    try #require(client.isEstablished)
    server.send(Array("hello".utf8))
    client.give(server.take())
    #expect(client.receiveAll() == (Array("hello".utf8), .wantsRead))
  }

  @Test(
    "HTTP/1.1 is agreed on where it is offered, and nothing where it isn't",
    arguments: [
      (["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1"), (["h2"], nil),
      (["http/1.10", "http/1.1"], "http/1.1"), (["istio", "x"], nil), ([], nil),
    ] as [([String], String?)])
  func alpn(offered: [String], agreed: String?) throws {
    let client = RawPeer(.client)
    let list = offered.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
    if !list.isEmpty { unsafe SSL_set_alpn_protos(client.ssl, list, UInt32(list.count)) }
    let server = try RobustnessTests.server()
    exchange(client, server)
    #expect(server.isEstablished)
    #expect(server.applicationProtocol == agreed)
  }

  @Test("each alert has the name that RFC 8446 gives it")
  func alertNames() {
    #expect(TLSAlert.accessDenied.name == "access_denied")
    #expect(TLSAlert.unknownCA.name == "unknown_ca")
    #expect(TLSAlert.badRecordMAC.name == "bad_record_mac")
    #expect(TLSAlert.unknownPSKIdentity.name == "unknown_psk_identity")
    #expect(TLSAlert.certificateRequired.name == "certificate_required")
    #expect(Set(TLSAlert.allCases.map(\.name)).count == TLSAlert.allCases.count)
  }

  @Test("an SVID that has expired meanwhile lets nobody in, and one that hasn't does, by the clock")
  func clockJump() throws {
    let svid = try Certificates.svid("for-some-years")
    let second: UInt64 = 1_000_000_000
    for (time, reason) in [
      (svid.notAfter - second, nil), (svid.notAfter + second, PeerError.expired),
      (svid.notBefore - second, .notYetValid), (svid.notBefore + second, nil),
    ] {
      let pair = try SessionPair(client: svid, clock: { time })
      exchange(pair.client, pair.server)
      #expect(pair.server.failure == reason.map { .peer($0) })
      #expect(pair.server.isEstablished == (reason == nil))
    }
  }

  @Test("a context that has been replaced serves the sessions that it has begun")
  func rotation() throws {
    var contexts = [try RobustnessTests.server(), try RobustnessTests.server()].map(\.context)
    let (old, client) = (
      try TLSSession(inMemory: contexts[0], .accepting(admitting: { _ in true })), RawPeer(.client)
    )
    _ = client.advance()
    old.give(client.take())
    _ = old.handshake()
    contexts.removeFirst()
    exchange(client, old)
    #expect(old.isEstablished)
  }
}

@Suite("What a session says about its socket")
struct DrainedTests {
  @Test("after a whole record there is nothing left to read, and no read is made to find that out")
  func drained() throws {
    let pair = try SessionPair.established()
    _ = pair.client.send("one")
    pair.server.give(pair.client.take())
    var buffer = ByteBuffer()
    #expect(pair.server.receive(into: &buffer, atMost: 100) == .bytes(3))
    #expect(pair.server.isDrained)
    #expect(pair.server.receive(into: &buffer, atMost: 100) == .wantsRead)
    #expect(pair.server.isDrained)
  }

  @Test("where not all was taken, or a record is in pieces, there may be more")
  func notDrained() throws {
    let pair = try SessionPair.established()
    _ = pair.client.send("one")
    _ = pair.client.send("two")
    let records = pair.client.take()
    pair.server.give(Array(records.dropLast(5)))
    var buffer = ByteBuffer()
    #expect(pair.server.receive(into: &buffer, atMost: 2) == .bytes(2))
    #expect(!pair.server.isDrained)
    #expect(pair.server.receive(into: &buffer, atMost: 100) == .bytes(1))
    #expect(pair.server.receive(into: &buffer, atMost: 100) == .wantsRead)
    #expect(pair.server.isDrained)
    pair.server.give(Array(records.suffix(5)))
    #expect(pair.server.receive(into: &buffer, atMost: 100) == .bytes(3))
    #expect(pair.server.isDrained)
  }

  @Test(
    "a peer that only changes its keys is left when it keeps us busy with that",
    arguments: [(1, false), (600, false), (25_000, true)])
  func flood(count: Int, isLeft: Bool) throws {
    let (server, client) = (try RobustnessTests.server(), RawPeer(.client))
    exchange(client, server)
    try #require(server.isEstablished)
    for _ in 0..<count {
      _ = unsafe SSL_key_update(client.ssl, SSL_KEY_UPDATE_NOT_REQUESTED)
      _ = client.advance()
    }
    server.give(client.take())
    var buffer = ByteBuffer()
    let result = server.receive(into: &buffer, atMost: 16_384)
    #expect(result == (isLeft ? .failed(.flooded) : .wantsRead))
  }
}
