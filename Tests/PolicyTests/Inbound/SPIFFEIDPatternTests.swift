import Addressing
import Policy
import SeededRandom
import Testing

@Suite("Patterns of SPIFFE IDs")
struct SPIFFEIDPatternTests {
  @Test(
    "match whole segments of the path, in their own trust domain",
    arguments: [
      ("spiffe://a.example/ns/x/sa/api", "spiffe://a.example/ns/x/sa/api", true),
      ("spiffe://a.example/ns/x/sa/api", "spiffe://a.example/ns/x/sa/apis", false),
      ("spiffe://a.example/ns/x/sa/api", "spiffe://a.example/ns/x/sa/ap", false),
      ("spiffe://a.example/ns/x/sa/api", "spiffe://a.example/ns/x/sa", false),
      ("spiffe://a.example/ns/x/sa/api", "spiffe://a.example/ns/x/sa/api/b", false),
      ("spiffe://a.example/ns/x/sa/api", "spiffe://b.example/ns/x/sa/api", false),
      // A path's letters have a case.
      ("spiffe://a.example/ns/x/sa/api", "spiffe://a.example/ns/x/sa/API", false),
      // The domain ends where the path begins.
      ("spiffe://a.example/b", "spiffe://a.example.b/b", false),
      ("spiffe://a.example/b", "spiffe://a.example", false),
      ("spiffe://a.example/ns/*/sa/*", "spiffe://a.example/ns/x/sa/api", true),
      ("spiffe://a.example/ns/*/sa/*", "spiffe://a.example/ns/x/sa/api/b", false),
      ("spiffe://a.example/ns/*/sa/*", "spiffe://a.example/ns/x/sa", false),
      ("spiffe://a.example/ns/*/sa/*", "spiffe://a.example/ns/x/y/sa/api", false),
      ("spiffe://a.example/ns/*/sa/*", "spiffe://a.example/ns/sa/api", false),
      ("spiffe://a.example/*", "spiffe://a.example/x", true),
      ("spiffe://a.example/*", "spiffe://a.example/x/y", false),
      ("spiffe://a.example/*", "spiffe://a.example", false),
      ("spiffe://a.example/**", "spiffe://a.example/x", true),
      ("spiffe://a.example/**", "spiffe://a.example/x/y/z", true),
      ("spiffe://a.example/**", "spiffe://a.example", false),
      ("spiffe://a.example/**", "spiffe://b.example/x", false),
      ("spiffe://a.example/ns/x/**", "spiffe://a.example/ns/x", false),
      ("spiffe://a.example/ns/x/**", "spiffe://a.example/ns/x/sa/api", true),
      ("spiffe://a.example/ns/x/**", "spiffe://a.example/ns/xy/sa/api", false),
      ("spiffe://a.example/ns/*/**", "spiffe://a.example/ns/x/sa", true),
      ("spiffe://a.example/ns/*/**", "spiffe://a.example/ns/x", false),
      ("spiffe://a.example/...", "spiffe://a.example/...", true),
    ])
  func matching(pattern: String, id: String, matches: Bool) throws {
    let pattern = try SPIFFEIDPattern(pattern)
    #expect(pattern.matches(try SPIFFEID(id)) == matches)
  }

  @Test(
    "are refused where their author could mean more than they do, or less",
    arguments: [
      ("spiffe://*/ns/x", .wildcardInTrustDomain), ("spiffe://*.example/x", .wildcardInTrustDomain),
      ("spiffe://**", .wildcardInTrustDomain), ("spiffe://a.example/web-*", .partOfSegment),
      ("spiffe://a.example/*a", .partOfSegment), ("spiffe://a.example/***", .partOfSegment),
      ("spiffe://a.example/**/x", .notLast), ("spiffe://a.example/**/**", .notLast),
      ("spiffe://a.example", .noPath), ("", .id(.empty)), ("*", .id(.wrongScheme)),
      ("**", .id(.wrongScheme)), ("a.example/x", .id(.wrongScheme)),
      ("SPIFFE://a.example/x", .id(.wrongScheme)), ("spiffe:/a.example/x", .id(.wrongScheme)),
      ("https://a.example/x", .id(.wrongScheme)), (" spiffe://a.example/x", .id(.wrongScheme)),
      ("spiffe://", .id(.noTrustDomain)), ("spiffe:///x", .id(.noTrustDomain)),
      ("spiffe://A.example/x", .id(.badTrustDomainCharacter)),
      ("spiffe://u@a.example/x", .id(.badTrustDomainCharacter)),
      ("spiffe://a.example:443/x", .id(.badTrustDomainCharacter)),
      ("spiffe://a.example/", .id(.trailingSlash)), ("spiffe://a.example/x/", .id(.trailingSlash)),
      ("spiffe://a.example/*/", .id(.trailingSlash)),
      ("spiffe://a.example//x", .id(.emptySegment)),
      ("spiffe://a.example/../x", .id(.dotSegment)), ("spiffe://a.example/./x", .id(.dotSegment)),
      ("spiffe://a.example/%2e%2e", .id(.badPathCharacter)),
      ("spiffe://a.example/x%2Fy", .id(.badPathCharacter)),
      ("spiffe://a.example/x?y", .id(.badPathCharacter)),
      ("spiffe://a.example/x#y", .id(.badPathCharacter)),
      ("spiffe://a.example/é", .id(.badPathCharacter)),
      // A slash and an asterisk with an accent are characters of their own to Swift.
      ("spiffe://a.example/x/\u{301}y", .id(.badPathCharacter)),
      ("spiffe://a.example/*\u{301}", .id(.badPathCharacter)),
      ("spiffe://a.example/x\r\n", .id(.badPathCharacter)),
      ("spiffe://a.example/\0", .id(.badPathCharacter)),
    ] as [(String, SPIFFEIDPatternError)])
  func refusals(text: String, error: SPIFFEIDPatternError) {
    #expect(throws: error) { try SPIFFEIDPattern(text) }
    #expect(error.sentence.contains(" "))
  }

  @Test(
    "are spelled as they were written, and name an ID where they mean only one",
    arguments: [
      ("spiffe://a.example/ns/x", "spiffe://a.example/ns/x"), ("spiffe://a.example/ns/*", nil),
      ("spiffe://a.example/ns/x/**", nil),
    ])
  func spelling(text: String, exact: String?) throws {
    let pattern = try SPIFFEIDPattern(text)
    #expect(pattern.description == text)
    #expect(pattern.exactID?.description == exact)
  }

  @Test("match what a comparison of lists of segments finds alike")
  func reference() throws {
    var random = SeededGenerator(seed: 8)
    let words = ["a", "b", "ab", "ns", "*"]
    for _ in 0..<5000 {
      func path(_ count: Int, _ words: [String]) -> [String] {
        (0..<count).map { _ in words.randomElement(using: &random)! }
      }
      var shape = path(Int.random(in: 1...4, using: &random), words)
      if Bool.random(using: &random) { shape[shape.count - 1] = "**" }
      let segments = path(Int.random(in: 0...5, using: &random), words.dropLast())
      let domains = ["t", "u"]
      let domain = domains.randomElement(using: &random)!

      var matches = domain == "t"
      if shape.last == "**" {
        matches = matches && segments.count >= shape.count
      } else {
        matches = matches && segments.count == shape.count
      }
      for (part, segment) in zip(shape, segments) where !part.hasPrefix("*") {
        matches = matches && part == segment
      }
      let pattern = try SPIFFEIDPattern("spiffe://t/" + shape.joined(separator: "/"))
      let id = try SPIFFEID("spiffe://\(domain)" + segments.map { "/" + $0 }.joined())
      #expect(pattern.matches(id) == matches, "\(pattern) \(id)")
    }
  }
}
