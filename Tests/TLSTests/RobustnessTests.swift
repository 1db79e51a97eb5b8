import COpenSSL
import Kernel
import SeededRandom
import TLS
import Testing

@Suite("What arrives instead of a handshake, or in pieces")
struct RobustnessTests {
  static func server() throws -> TLSSession {
    try TLSSession(
      inMemory: .inbound(
        svid: Certificates.svid(), bundles: Certificates.bundles(), clock: Certificates.clock),
      .accepting(admitting: { _ in true }))
  }

  static func client() throws -> TLSSession {
    try TLSSession(
      inMemory: .mutual(
        svid: Certificates.svid(), bundles: Certificates.bundles(), clock: Certificates.clock),
      .connecting(expecting: .spiffeID(matches: { _ in true }, serverName: nil)))
  }

  @Test("a handshake byte by byte is one", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
  func byteByByte(version: Int32) throws {
    let server = try Self.server()
    let client = RawPeer(.client)
    client.limit(to: version)
    for _ in 0..<4 {
      _ = client.advance()
      for byte in client.take() {
        server.give([byte])
        _ = server.handshake()
      }
      for byte in server.take() {
        client.give([byte])
        _ = client.advance()
      }
    }
    #expect(server.isEstablished)
    client.send(Array("ping".utf8))
    for byte in client.take() {
      #expect(server.receiveAll().bytes.isEmpty)
      server.give([byte])
    }
    #expect(server.receiveAll() == (Array("ping".utf8), .wantsRead))
  }

  @Test("a handshake that ends early is truncated, wherever it was cut")
  func cut() throws {
    let client = try Self.client()
    _ = client.handshake()
    let hello = client.take()
    for length in 0..<hello.count {
      let server = try Self.server()
      server.give(Array(hello.prefix(length)))
      #expect(server.handshake() == .wantsRead, "\(length)")
      server.feedEnd()
      #expect(server.handshake() == .failed(.truncated), "\(length)")
      // It stays so.
      #expect(server.handshake() == .failed(.truncated))
      #expect(server.receiveAll().end == .truncated)
      #expect(server.send("x") == .truncated)
    }
  }

  @Test("a client's second flight that ends early lets nobody in, wherever it was cut")
  func secondFlight() throws {
    var cut = 0
    while true {
      let (server, client) = (try Self.server(), try Self.client())
      _ = client.handshake()
      server.give(client.take())
      _ = server.handshake()
      client.give(server.take())
      _ = client.handshake()
      let flight = client.take()
      guard cut < flight.count else { break }
      server.give(Array(flight.prefix(cut)))
      #expect(server.handshake() == .wantsRead, "\(cut)")
      #expect(server.peer == nil || !server.isEstablished)
      server.feedEnd()
      #expect(server.handshake() == .failed(.truncated), "\(cut)")
      cut += 7
    }
    #expect(cut > 500)
  }

  @Test(
    "plain HTTP is told from other things that are no TLS",
    arguments: [
      ("GET / HTTP/1.1\r\nhost: a\r\n\r\n", TLSError.plainHTTP),
      ("POST / HTTP/1.1\r\n\r\n", .plainHTTP), ("HEAD / HTTP/1.0\r\n\r\n", .plainHTTP),
      ("PUT /a HTTP/1.1\r\n\r\n", .plainHTTP), ("CONNECT a:1 HTTP/1.1\r\n\r\n", .plainHTTP),
      ("SSH-2.0-OpenSSH_9.2\r\n", .notTLS), ("EHLO example.org\r\n", .notTLS),
      ("\0\0\0\u{8}\u{4}\u{d2}\u{16}\u{2f}", .notTLS), ("PRI * HTTP/2.0\r\n\r\nSM", .notTLS),
    ])
  func noTLS(text: String, expected: TLSError) throws {
    let server = try Self.server()
    server.give(Array(text.utf8))
    #expect(server.handshake() == .failed(expected))
  }

  @Test(
    "noise ends in an error of a known kind, and leaves nothing for the next session",
    arguments: UInt64(0)..<200)
  func noise(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let server = try Self.server()
    var bytes = (0..<Int.random(in: 1...600, using: &random)).map { _ in
      UInt8.random(in: 0...255, using: &random)
    }
    // Half of them look like a handshake's record.
    if seed % 2 == 0 {
      bytes = [22, 3, 1, UInt8(bytes.count >> 8), UInt8(bytes.count & 255), 1, 0] + bytes
    }
    server.give(bytes)
    server.feedEnd()
    guard case .failed(let error) = server.handshake() else {
      Issue.record("noise was a handshake")
      return
    }
    if case .library(let reason) = error { Issue.record("no name for: \(reason)") }
    #expect(ERR_peek_error() == 0)
    let pair = try SessionPair.established()
    #expect(pair.client.send("x") == .bytes(1))
  }

  @Test(
    "one changed byte anywhere in a handshake ends it with an error of a known kind, or not at all",
    arguments: UInt64(0)..<300)
  func mutated(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let (server, client) = (try Self.server(), RawPeer(.client))
    client.limit(to: seed % 2 == 0 ? TLS1_3_VERSION : TLS1_2_VERSION)
    let flight = Int.random(in: 0...2, using: &random)
    for step in 0..<6 {
      _ = client.advance()
      var bytes = client.take()
      if step == flight, !bytes.isEmpty {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
      }
      server.give(bytes)
      _ = server.handshake()
      client.give(server.take())
    }
    server.feedEnd()
    _ = server.handshake()
    if case .library(let reason) = server.failure { Issue.record("no name for: \(reason)") }
    #expect(ERR_peek_error() == 0)
  }

  @Test(
    "versions before 1.2 are refused on either side", arguments: [TLS1_VERSION, TLS1_1_VERSION])
  func oldVersions(version: Int32) throws {
    let (server, oldClient) = (try Self.server(), RawPeer(.client))
    oldClient.limit(to: version)
    exchange(oldClient, server)
    #expect(server.failure == .version)
    #expect(oldClient.alert == .protocolVersion)

    let (client, oldServer) = (try Self.client(), RawPeer(.server))
    oldServer.limit(to: version)
    exchange(client, oldServer)
    #expect(client.failure == .version || client.failure == .alert(.protocolVersion))
  }

  @Test(
    "suites without forward secrecy or authenticated encryption are refused",
    arguments: [
      "AES128-GCM-SHA256", "AES256-SHA", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384",
      "ECDHE-ECDSA-AES128-CCM8", "DHE-RSA-AES128-GCM-SHA256", "aNULL",
      "eNULL", "ADH-AES128-GCM-SHA256",
    ])
  func weakSuites(suite: String) throws {
    let (server, client) = (try Self.server(), RawPeer(.client))
    client.limit(to: TLS1_2_VERSION)
    guard unsafe SSL_set_cipher_list(client.ssl, suite) == 1 else { return ERR_clear_error() }
    exchange(client, server)
    #expect(!server.isEstablished)
    // Nothing happens where the client has no use for the suite itself.
    #expect([.noCommonParameters, nil].contains(server.failure))
  }

  @Test("a chain of more bytes than any SVID has is refused")
  func hugeChain() throws {
    for version in [TLS1_2_VERSION, TLS1_3_VERSION] {
      let (server, client) = (try Self.server(), RawPeer(.client))
      client.limit(to: version)
      // The client's own certificate, of which it gets a hundred more references.
      let filler = unsafe SSL_get_certificate(client.ssl)
      for _ in 0..<100 {
        unsafe SSL_ctrl(
          client.ssl, SSL_CTRL_CHAIN_CERT, 1, UnsafeMutableRawPointer(filler!))
      }
      exchange(client, server)
      #expect(server.failure == .tooLarge)
    }
  }

  @Test("a record that was changed on its way ends the session")
  func changedRecord() throws {
    let pair = try SessionPair.established()
    _ = pair.client.send("transfer 10")
    var records = pair.client.take()
    records[records.count - 1] ^= 1
    pair.server.give(records)
    #expect(pair.server.receiveAll().end == .failed(.badRecord))
    #expect(pair.server.send("x") == .failed(.badRecord))
    pair.client.give(pair.server.take())
    #expect(pair.client.receiveAll().end == .failed(.alert(.badRecordMAC)))
  }
}
