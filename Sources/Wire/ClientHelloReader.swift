/// Reads the ClientHello out of a connection's first bytes, over any number of TLS records.
package struct ClientHelloReader: Sendable {
  package enum Outcome: Sendable {
    case needMore
    case found(ClientHello)
    /// A sound hello that names no host.
    case noName(ClientHello)
    case malformed(ClientHelloError)
  }

  private let limit: Int

  /// `limit` counts handshake bytes, header included; record headers come on top.
  package init(limit: Int = 16384) {
    self.limit = limit
  }

  /// `bytes` are all there are, from the connection's first; work already done is not repeated.
  package mutating func advance(_ bytes: Span<UInt8>) -> Outcome {
    .needMore
  }
}
