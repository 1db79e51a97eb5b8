package import Addressing

/// Which SPIFFE IDs are meant: one, or all whose paths have a shape, in one trust domain.
///
/// A `*` stands for exactly one whole segment of the path, a `**` at the end for one or more. No
/// wildcard stands for part of a segment, nor in the trust domain: whoever runs another domain
/// could make up any ID in it.
///
/// It is compared segment by segment with an ID that was parsed, never with text from the wire.
package struct SPIFFEIDPattern: Hashable, Sendable {
  package let trustDomain: TrustDomain
  /// Never empty: the ID of a trust domain itself is no workload's.
  private let segments: [Segment]

  private enum Segment: Hashable, Sendable {
    case literal(String)
    case one
    /// Only the last.
    case oneOrMore
  }

  /// Takes `spiffe://example.org/ns/*/sa/api`; what is no wildcard keeps to the rules of an ID.
  package init(_ text: String) throws(SPIFFEIDPatternError) {
    let scheme = "spiffe://"
    let rest = text.hasPrefix(scheme) ? text.dropFirst(scheme.count) : text[...]
    let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
    if rest.startIndex > text.startIndex, parts[0].contains("*") { throw .wildcardInTrustDomain }

    // An ID of the same shape: what is wrong with it, a character that is not ASCII among others,
    // is wrong with the pattern.
    let plain = parts.dropFirst().map { $0 == "*" || $0 == "**" ? "x" : $0 }
    if plain.contains(where: { $0.contains("*") }) { throw .partOfSegment }
    let example = text.prefix(upTo: rest.startIndex) + parts[0] + plain.map { "/" + $0 }.joined()
    do throws(SPIFFEIDError) {
      trustDomain = try SPIFFEID(String(example)).trustDomain
    } catch {
      throw .id(error)
    }
    guard parts.count > 1 else { throw .noPath }
    guard !parts.dropLast().contains("**") else { throw .notLast }
    segments = parts.dropFirst().map { part in
      switch part {
      case "*": .one
      case "**": .oneOrMore
      default: .literal(String(part))
      }
    }
  }

  package func matches(_ id: SPIFFEID) -> Bool {
    guard id.trustDomain == trustDomain else { return false }
    var rest = id.path.utf8[...]
    for segment in segments {
      guard rest.first == UInt8(ascii: "/") else { return false }
      rest = rest.dropFirst()
      let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
      switch segment {
      case .literal(let text): guard rest[..<end].elementsEqual(text.utf8) else { return false }
      case .one: guard end > rest.startIndex else { return false }
      case .oneOrMore: return !rest.isEmpty
      }
      rest = rest[end...]
    }
    return rest.isEmpty
  }

  /// The only ID that matches; nil where several can.
  package var exactID: SPIFFEID? {
    guard segments.allSatisfy({ if case .literal = $0 { true } else { false } }) else { return nil }
    return try? SPIFFEID(description)
  }
}

extension SPIFFEIDPattern: CustomStringConvertible {
  /// As a document spells it.
  package var description: String {
    segments.reduce("spiffe://\(trustDomain)") { text, segment in
      switch segment {
      case .literal(let literal): "\(text)/\(literal)"
      case .one: "\(text)/*"
      case .oneOrMore: "\(text)/**"
      }
    }
  }
}

/// Why a text is no pattern; the first fault counts.
package enum SPIFFEIDPatternError: Error, Hashable, Sendable {
  case wildcardInTrustDomain
  /// A `*` beside other characters of its segment.
  case partOfSegment
  /// A `**` before the end.
  case notLast
  /// A trust domain and nothing behind it.
  case noPath
  case id(SPIFFEIDError)

  /// What is wrong, as the end of a sentence that begins with the pattern.
  package var sentence: String {
    switch self {
    case .wildcardInTrustDomain: "has a wildcard in its trust domain; name the domain"
    case .partOfSegment: "has a * for part of a segment; it stands for a whole one"
    case .notLast: "has a ** before its end; only the last segment may be one"
    case .noPath: "names a trust domain and no workload; write /** behind it to mean all of them"
    case .id(let error): error.sentence
    }
  }
}
