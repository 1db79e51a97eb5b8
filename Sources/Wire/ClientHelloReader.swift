/// Reads the ClientHello out of a connection's first bytes, over any number of TLS records. An
/// outcome other than `needMore` is final.
package struct ClientHelloReader: Sendable {
  package enum Outcome: Sendable {
    case needMore
    case found(ClientHello)
    /// A sound hello that names no host.
    case noName(ClientHello)
    case malformed(ClientHelloError)
  }

  private static let recordHeaderLength = 5
  private static let messageHeaderLength = 4
  private static let maximumRecordLength = 16384

  private let limit: Int
  /// The next byte to look at: of a record header, or of a record's content.
  private var position = 0
  /// Bytes of the current record's header seen so far.
  private var headerCount = 0
  private var recordLengthHigh: UInt8 = 0
  private var recordRemaining = 0
  /// Handshake bytes in the records seen so far.
  private var handshakeCount = 0
  /// Of the message without its header; known once the header is.
  private var messageLength = 0
  private var failure: ClientHelloError?

  /// `limit` counts handshake bytes, header included; record headers come on top.
  package init(limit: Int = 16384) {
    self.limit = limit
  }

  /// `bytes` are all there are, from the connection's first; work already done is not repeated.
  package mutating func advance(_ bytes: Span<UInt8>) -> Outcome {
    do throws(ClientHelloError) {
      if let failure { throw failure }
      guard try gather(bytes) else { return .needMore }
      var cursor = HandshakeCursor(bytes, count: Self.messageHeaderLength + messageLength)
      try cursor.skip(Self.messageHeaderLength)
      let hello = try ClientHello(&cursor)
      return hello.serverNameBytes.isEmpty ? .noName(hello) : .found(hello)
    } catch {
      failure = error
      return .malformed(error)
    }
  }

  /// True once the whole first message is there.
  private mutating func gather(_ bytes: Span<UInt8>) throws(ClientHelloError) -> Bool {
    while handshakeCount < Self.messageHeaderLength
      || handshakeCount < Self.messageHeaderLength + messageLength
    {
      guard position < bytes.count else { return false }
      if recordRemaining == 0 {
        try readHeader(bytes[position])
        position += 1
      } else if handshakeCount < Self.messageHeaderLength {
        try readMessageHeader(bytes[position])
        position += 1
        recordRemaining -= 1
      } else {
        let step = min(recordRemaining, bytes.count - position)
        position += step
        recordRemaining -= step
        handshakeCount += step
      }
    }
    return true
  }

  /// RFC 8446 §5.1: type, version (whose minor part means nothing), length.
  private mutating func readHeader(_ byte: UInt8) throws(ClientHelloError) {
    switch headerCount {
    case 0: guard byte == 22 else { throw .badRecord }
    case 1: guard byte == 3 else { throw .badRecord }
    case 2: break
    case 3:
      guard byte <= Self.maximumRecordLength >> 8 else { throw .badRecordLength }
      recordLengthHigh = byte
    default:
      let length = Int(recordLengthHigh) << 8 | Int(byte)
      guard (1...Self.maximumRecordLength).contains(length) else { throw .badRecordLength }
      recordRemaining = length
      headerCount = 0
      return
    }
    headerCount += 1
  }

  /// RFC 8446 §4: type and length.
  private mutating func readMessageHeader(_ byte: UInt8) throws(ClientHelloError) {
    if handshakeCount == 0 {
      guard byte == 1 else { throw .notClientHello }
    } else {
      messageLength = messageLength << 8 | Int(byte)
    }
    handshakeCount += 1
    guard handshakeCount == Self.messageHeaderLength else { return }
    guard Self.messageHeaderLength + messageLength <= limit else { throw .tooLong }
  }
}
