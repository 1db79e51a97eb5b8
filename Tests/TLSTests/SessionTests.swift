import Addressing
import Kernel
import TLS
import Testing

@Suite("Sessions between workloads")
struct SessionTests {
  @Test(
    "each side learns who the other is",
    arguments: ["direct", "through-an-intermediate", "rsa-2048", "p-384", "ed25519"])
  func mutual(name: String) throws {
    let svid = try Certificates.svid(name)
    let pair = try SessionPair(server: svid, client: svid)
    exchange(pair.client, pair.server)
    for session in [pair.client, pair.server] {
      #expect(session.handshake() == .done)
      #expect(session.peer?.id == .web)
      #expect(session.peer?.fingerprint == svid.fingerprint)
      #expect(session.peer?.notAfter == svid.notAfter)
      #expect(session.peer?.subject == "CN=workload")
      #expect(session.version == .tls13)
      #expect(session.cipherSuite == "TLS_AES_128_GCM_SHA256")
      #expect(session.applicationProtocol == "http/1.1")
    }
  }

  @Test(
    "bytes arrive as they were sent, in both directions, whatever their number",
    arguments: [1, 2, 100, 16_384, 16_385, 100_000])
  func bytes(count: Int) throws {
    let pair = try SessionPair.established()
    for (from, to) in [(pair.client, pair.server), (pair.server, pair.client)] {
      let sent = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      var rest = sent[...]
      var received: [UInt8] = []
      while !rest.isEmpty {
        guard case .bytes(let taken) = from.send(Array(rest).span) else { break }
        rest = rest.dropFirst(taken)
        to.give(from.take())
        received += to.receiveAll().bytes
      }
      #expect(received == sent)
      #expect(to.receiveAll().end == .wantsRead)
    }
  }

  @Test("the end that was announced is told from the one that was not")
  func ends() throws {
    let announced = try SessionPair.established()
    #expect(announced.client.send("last words") == .bytes(10))
    #expect(announced.client.shutdownWrite() == .bytes(0))
    announced.server.give(announced.client.take())
    let (bytes, end) = announced.server.receiveAll()
    #expect(bytes == Array("last words".utf8))
    #expect(end == .endOfStream)

    let cut = try SessionPair.established()
    #expect(cut.client.send("last words") == .bytes(10))
    cut.server.give(cut.client.take())
    cut.server.feedEnd()
    #expect(cut.server.receiveAll() == (Array("last words".utf8), .truncated))
  }

  @Test("who has said that no more comes still receives")
  func halfClose() throws {
    let pair = try SessionPair.established()
    #expect(pair.client.shutdownWrite() == .bytes(0))
    pair.server.give(pair.client.take())
    #expect(pair.server.receiveAll().end == .endOfStream)
    #expect(pair.server.send("an answer") == .bytes(9))
    pair.client.give(pair.server.take())
    #expect(pair.client.receiveAll() == (Array("an answer".utf8), .wantsRead))
    #expect(pair.server.shutdownWrite() == .bytes(0))
    pair.client.give(pair.server.take())
    #expect(pair.client.receiveAll().end == .endOfStream)
  }

  @Test("a workload that is another than expected is refused, and told so")
  func unexpected() throws {
    let pair = try SessionPair(expecting: { _ in false })
    exchange(pair.client, pair.server)
    #expect(pair.client.failure == .peer(.unexpectedPeer))
    #expect(pair.server.failure == .alert(.certificateUnknown))
  }

  @Test("a workload that is not admitted is refused, and told so")
  func notAdmitted() throws {
    let pair = try SessionPair(admitting: { $0 != .web })
    exchange(pair.client, pair.server)
    #expect(pair.server.failure == .peer(.notAdmitted))
    // TLS 1.3's client is done before the server has judged it; it learns when it reads.
    #expect(pair.client.receiveAll().end == .failed(.alert(.certificateUnknown)))
  }
}
