/// What a TLS ClientHello says about whom it is for. No heap memory.
package struct ClientHello: Sendable {
  /// Longest server name kept; a longer one is malformed.
  package static let maximumNameLength = 255

  /// The client offers Encrypted ClientHello, real or GREASE: they look the same (extension 0xfe0d).
  package internal(set) var offersEncryptedClientHello = false
  private var storage = InlineArray<256, UInt8>(repeating: 0)
  private var nameLength: UInt8 = 0

  /// The host_name of RFC 6066 §3, byte for byte as on the wire; empty where there is none. Neither
  /// its alphabet nor its length is judged here, and an address literal passes.
  package var serverNameBytes: Span<UInt8> {
    @_lifetime(borrow self) borrowing get { storage.span.extracting(first: Int(nameLength)) }
  }

  init() {}

  mutating func appendNameByte(_ byte: UInt8) {
    storage[Int(nameLength)] = byte
    nameLength += 1
  }
}

/// Why bytes are no ClientHello that can be judged.
package enum ClientHelloError: Error, Sendable, CaseIterable {
  /// A record other than a handshake record, or of an unknown version.
  case badRecord
  /// A record of no or more than 2¹⁴ bytes (RFC 8446 §5.1).
  case badRecordLength
  /// The first handshake message is something else.
  case notClientHello
  /// More handshake bytes than the limit.
  case tooLong
  /// A length does not fit what holds it, or a vector is shorter or longer than RFC 8446 §4.1.2
  /// allows.
  case badStructure
  case repeatedExtension
  case tooManyExtensions
  case badServerName
  case repeatedServerName
  case emptyServerName
  case serverNameTooLong
}
