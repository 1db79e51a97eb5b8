import Addressing
import Kernel
import Testing

@testable import TLS

/// Anything that has records to send and takes records: a session of ours, or a raw peer.
protocol RecordEnd {
  /// Goes on with the handshake and says whether it is over, one way or the other.
  func advance() -> Bool
  func take() -> [UInt8]
  func give(_ records: [UInt8])
}

extension TLSSession: RecordEnd {
  func advance() -> Bool {
    switch handshake() {
    case .done, .failed: true
    case .wantsRead, .wantsWrite: false
    }
  }

  func take() -> [UInt8] {
    var buffer = ByteBuffer()
    drain(into: &buffer)
    let bytes = buffer.bytes
    return (0..<bytes.count).map { bytes[$0] }
  }

  func give(_ records: [UInt8]) { feed(records.span) }

  /// All bytes in clear that have arrived, and what came after them.
  func receiveAll() -> (bytes: [UInt8], end: TLSIOResult) {
    var buffer = ByteBuffer()
    while true {
      let result = receive(into: &buffer, atMost: 4096)
      guard case .bytes = result else {
        let bytes = buffer.bytes
        return ((0..<bytes.count).map { bytes[$0] }, result)
      }
    }
  }

  func send(_ text: String) -> TLSIOResult { send(Array(text.utf8).span) }
}

/// Carries records between two ends until neither has any for the other.
func exchange(_ one: some RecordEnd, _ other: some RecordEnd) {
  while true {
    _ = one.advance()
    let forth = one.take()
    other.give(forth)
    _ = other.advance()
    let back = other.take()
    one.give(back)
    if forth.isEmpty, back.isEmpty { return }
  }
}

/// Two sessions of ours in memory.
struct SessionPair {
  let server: TLSSession
  let client: TLSSession

  init(
    server serverSVID: X509SVID? = nil, client clientSVID: X509SVID? = nil,
    bundles: TrustBundles? = nil, clock: @escaping @Sendable () -> UInt64 = Certificates.clock,
    expecting: @escaping @Sendable (SPIFFEID) -> Bool = { _ in true },
    admitting: @escaping @Sendable (SPIFFEID) -> Bool = { _ in true }
  ) throws {
    let bundles = try bundles ?? Certificates.bundles()
    server = try TLSSession(
      inMemory: .inbound(
        svid: serverSVID ?? Certificates.svid(), bundles: bundles, clock: clock),
      .accepting(admitting: admitting))
    client = try TLSSession(
      inMemory: .mutual(
        svid: clientSVID ?? Certificates.svid(), bundles: bundles, clock: clock),
      .connecting(expecting: .spiffeID(matches: expecting, serverName: nil)))
  }

  /// Both after a handshake.
  static func established() throws -> SessionPair {
    let pair = try SessionPair()
    exchange(pair.client, pair.server)
    try #require(pair.client.isEstablished && pair.server.isEstablished)
    return pair
  }
}
