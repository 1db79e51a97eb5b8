/// The name of a trust domain: whose authority vouches for a SPIFFE ID (SPIFFE-ID §2.1).
///
/// Compared byte for byte: its alphabet has no upper case.
package struct TrustDomain: Hashable, Sendable {
  /// Longest name in bytes (SPIFFE-ID §2.3).
  package static let maximumLength = 255

  /// Lower-case letters, digits, `.`, `-` and `_`; 1 to 255 of them.
  package let name: String

  /// Takes a bare name such as `example.org`; an ID with a scheme is refused.
  package init(_ text: String) throws(SPIFFEIDError) {
    try self.init(Array(text.utf8)[...])
  }

  init(_ bytes: ArraySlice<UInt8>) throws(SPIFFEIDError) {
    guard !bytes.isEmpty else { throw .noTrustDomain }
    guard bytes.count <= Self.maximumLength else { throw .trustDomainTooLong }
    guard bytes.allSatisfy(Self.allows) else { throw .badTrustDomainCharacter }
    name = String(decoding: bytes, as: UTF8.self)
  }

  private static func allows(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}

extension TrustDomain: CustomStringConvertible {
  package var description: String { name }
}
