import Addressing
import Testing

@Suite("SPIFFE IDs")
struct SPIFFEIDTests {
  static let longestDomain = String(repeating: "d", count: 255)
  /// Of 2048 bytes.
  static let longest = "spiffe://example.org/" + String(repeating: "p", count: 2027)

  @Test(
    "an ID is a trust domain and a path, byte for byte as it was written",
    arguments: [
      ("spiffe://example.org", "example.org", ""),
      ("spiffe://example.org/workload", "example.org", "/workload"),
      ("spiffe://example.org/ns/Prod/sa/web-1", "example.org", "/ns/Prod/sa/web-1"),
      ("spiffe://a/b", "a", "/b"),
      ("spiffe://1.2.3.4/_", "1.2.3.4", "/_"),
      ("spiffe://k8s_west-1.example/...", "k8s_west-1.example", "/..."),
      ("spiffe://example.org/.a/a./..a", "example.org", "/.a/a./..a"),
      ("spiffe://" + longestDomain + "/x", longestDomain, "/x"),
      (longest, "example.org", String(longest.dropFirst(20))),
    ])
  func accepted(text: String, domain: String, path: String) throws {
    let id = try SPIFFEID(text)
    #expect(id.trustDomain == (try TrustDomain(domain)))
    #expect(id.trustDomain.description == domain)
    #expect(id.path == path)
    #expect(id.description == text)
    #expect(id.segments.map { "/" + $0 }.joined() == path)
    #expect(id == (try SPIFFEID(bytes: Array(text.utf8))))
  }

  @Test(
    "what is no ID is refused by its fault",
    arguments: [
      ("", .empty), (longest + "p", .tooLong),
      ("http://example.org/a", .wrongScheme), ("spiffe:/example.org/a", .wrongScheme),
      ("spiffe:example.org/a", .wrongScheme), ("spiffe", .wrongScheme),
      ("SPIFFE://example.org/a", .wrongScheme), ("Spiffe://example.org/a", .wrongScheme),
      (" spiffe://example.org/a", .wrongScheme), ("//example.org/a", .wrongScheme),
      ("spiffe://", .noTrustDomain), ("spiffe:///a", .noTrustDomain),
      ("spiffe://" + longestDomain + "d/x", .trustDomainTooLong),
      ("spiffe://Example.org/a", .badTrustDomainCharacter),
      ("spiffe://example.org:443/a", .badTrustDomainCharacter),
      ("spiffe://example.org:/a", .badTrustDomainCharacter),
      ("spiffe://user@example.org/a", .badTrustDomainCharacter),
      ("spiffe://user:word@example.org/a", .badTrustDomainCharacter),
      ("spiffe://example%2eorg/a", .badTrustDomainCharacter),
      ("spiffe://[::1]/a", .badTrustDomainCharacter),
      ("spiffe://münchen.example/a", .badTrustDomainCharacter),
      ("spiffe://example.org\0/a", .badTrustDomainCharacter),
      ("spiffe://example.org?a", .badTrustDomainCharacter),
      ("spiffe://example.org#a", .badTrustDomainCharacter),
      ("spiffe://example.org\\a", .badTrustDomainCharacter),
      ("spiffe://example.org ", .badTrustDomainCharacter),
      ("spiffe://example.org/", .trailingSlash), ("spiffe://example.org/a/", .trailingSlash),
      ("spiffe://example.org//", .trailingSlash),
      ("spiffe://example.org//a", .emptySegment), ("spiffe://example.org/a//b", .emptySegment),
      ("spiffe://example.org/.", .dotSegment), ("spiffe://example.org/..", .dotSegment),
      ("spiffe://example.org/a/../b", .dotSegment), ("spiffe://example.org/./a", .dotSegment),
      ("spiffe://example.org/%61", .badPathCharacter),
      ("spiffe://example.org/%2e%2e", .badPathCharacter),
      ("spiffe://example.org/a%2fb", .badPathCharacter),
      ("spiffe://example.org/a?b", .badPathCharacter),
      ("spiffe://example.org/a#b", .badPathCharacter),
      ("spiffe://example.org/a b", .badPathCharacter),
      ("spiffe://example.org/a\n", .badPathCharacter),
      ("spiffe://example.org/a\0b", .badPathCharacter),
      ("spiffe://example.org/a:b", .badPathCharacter),
      ("spiffe://example.org/a@b", .badPathCharacter),
      ("spiffe://example.org/*", .badPathCharacter),
      ("spiffe://example.org/é", .badPathCharacter),
    ] as [(String, SPIFFEIDError)])
  func refused(text: String, fault: SPIFFEIDError) {
    #expect(throws: fault) { try SPIFFEID(text) }
  }

  @Test("every byte is either of a domain's or a segment's alphabet, or refused there")
  func alphabets() {
    let lower = Set("abcdefghijklmnopqrstuvwxyz0123456789.-_".utf8)
    let both = lower.union("ABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
    for byte in UInt8.min...UInt8.max where byte != UInt8(ascii: "/") {
      let domain = Array("spiffe://a".utf8) + [byte] + Array("b/x".utf8)
      #expect(((try? SPIFFEID(bytes: domain)) != nil) == lower.contains(byte), "\(byte)")
      let path = Array("spiffe://a/b".utf8) + [byte] + Array("c".utf8)
      #expect(((try? SPIFFEID(bytes: path)) != nil) == both.contains(byte), "\(byte)")
    }
  }

  @Test("a trust domain's own ID has no path")
  func domainsOwn() throws {
    let domain = try TrustDomain("example.org")
    #expect(SPIFFEID(domain) == (try SPIFFEID("spiffe://example.org")))
    #expect(SPIFFEID(domain).segments.isEmpty)
  }

  @Test("case matters in a path")
  func pathCase() throws {
    #expect(try SPIFFEID("spiffe://a/B") != SPIFFEID("spiffe://a/b"))
  }

  @Test(
    "a trust domain is a bare name",
    arguments: [
      ("", .noTrustDomain), ("spiffe://example.org", .badTrustDomainCharacter),
      ("example.org/a", .badTrustDomainCharacter), ("Example.org", .badTrustDomainCharacter),
      (longestDomain + "d", .trustDomainTooLong),
    ] as [(String, SPIFFEIDError)])
  func noTrustDomain(text: String, fault: SPIFFEIDError) {
    #expect(throws: fault) { try TrustDomain(text) }
  }

  @Test("each fault has its own sentence", arguments: SPIFFEIDError.allCases)
  func sentences(fault: SPIFFEIDError) {
    let same = SPIFFEIDError.allCases.filter { $0.sentence == fault.sentence }
    #expect(same == [fault])
  }
}
