/// Why a text is no SPIFFE ID or no trust domain; the first fault counts.
package enum SPIFFEIDError: Error, Hashable, Sendable, CaseIterable {
  case empty
  /// More than 2048 bytes.
  case tooLong
  /// Anything but `spiffe://` in lower case.
  case wrongScheme
  case noTrustDomain
  /// More than 255 bytes.
  case trustDomainTooLong
  /// A port, a user, upper case, a percent sign, …
  case badTrustDomainCharacter
  case trailingSlash
  /// Two slashes with nothing between them.
  case emptySegment
  /// A segment that is `.` or `..`.
  case dotSegment
  /// A query, a fragment, a percent sign, …
  case badPathCharacter

  /// What is wrong, as the end of a sentence that begins with the ID.
  package var sentence: String {
    switch self {
    case .empty: "is empty"
    case .tooLong: "is longer than \(SPIFFEID.maximumLength) bytes"
    case .wrongScheme: "does not begin with spiffe:// in lower case"
    case .noTrustDomain: "names no trust domain"
    case .trustDomainTooLong:
      "has a trust domain of more than \(TrustDomain.maximumLength) bytes"
    case .badTrustDomainCharacter:
      "has a trust domain with something else than lower-case letters, digits, dots, dashes and "
        + "underscores"
    case .trailingSlash: "ends with a slash"
    case .emptySegment: "has an empty path segment"
    case .dotSegment: "has a path segment that is . or .."
    case .badPathCharacter:
      "has a path with something else than letters, digits, dots, dashes and underscores"
    }
  }
}
