/// Who a workload is: `spiffe://trust-domain/path` (SPIFFE-ID §2).
///
/// There is one spelling of each ID, so two are the same exactly where their bytes are: what other
/// readers would fold, decode or resolve (upper case in scheme or trust domain, percent encoding,
/// dot segments) is refused, not normalised.
package struct SPIFFEID: Sendable {
  /// Longest ID in bytes, scheme included (SPIFFE-ID §2.3).
  package static let maximumLength = 2048

  package let trustDomain: TrustDomain
  /// Empty for the ID of a trust domain itself, else segments that each follow a `/`.
  package let path: String

  package init(_ text: String) throws(SPIFFEIDError) {
    try self.init(bytes: Array(text.utf8))
  }

  /// Takes the bytes of a URI as they stand in a certificate, of whatever character set.
  package init(bytes: [UInt8]) throws(SPIFFEIDError) {
    guard !bytes.isEmpty else { throw .empty }
    guard bytes.count <= Self.maximumLength else { throw .tooLong }
    guard bytes.starts(with: Self.scheme) else { throw .wrongScheme }
    let rest = bytes[Self.scheme.count...]
    let slash = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
    trustDomain = try TrustDomain(rest[..<slash])
    try Self.check(path: rest[slash...])
    path = String(decoding: rest[slash...], as: UTF8.self)
  }

  /// The ID of a trust domain itself.
  package init(_ trustDomain: TrustDomain) {
    self.trustDomain = trustDomain
    path = ""
  }

  /// The path's parts, without the slashes between them.
  package var segments: [Substring] { path.split(separator: "/") }

  private static let scheme = Array("spiffe://".utf8)

  /// A path is empty, or each of its segments stands behind a slash.
  private static func check(path: ArraySlice<UInt8>) throws(SPIFFEIDError) {
    guard !path.isEmpty else { return }
    guard path.last != UInt8(ascii: "/") else { throw .trailingSlash }
    var start = path.startIndex + 1
    while start <= path.endIndex {
      let end = path[start...].firstIndex(of: UInt8(ascii: "/")) ?? path.endIndex
      try check(segment: path[start..<end])
      start = end + 1
    }
  }

  private static func check(segment: ArraySlice<UInt8>) throws(SPIFFEIDError) {
    guard !segment.isEmpty else { throw .emptySegment }
    for byte in segment {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
        UInt8(ascii: "_"):
        continue
      default: throw .badPathCharacter
      }
    }
    if segment.count <= 2, segment.allSatisfy({ $0 == UInt8(ascii: ".") }) { throw .dotSegment }
  }
}

extension SPIFFEID: Hashable, CustomStringConvertible {
  package var description: String { "spiffe://\(trustDomain.name)\(path)" }
}
