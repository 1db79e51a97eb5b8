import Addressing
import Policy
import PolicyAnalysis
import Testing

@Suite("Targets of check")
struct CheckTargetTests {
  private func target(_ text: String, method: String = "GET") throws -> CheckTarget {
    try CheckTarget(text, method: try #require(HTTPMethod(method)))
  }

  @Test(
    "a URL or host:port becomes the flow the data plane would see",
    arguments: [
      ("http://example.com/", "example.com", nil, 80, "http GET"),
      ("HTTP://Example.COM", "example.com", nil, 80, "http GET"),
      ("http://example.com:8080/a?b#c", "example.com", nil, 8080, "http GET"),
      ("http://example.com:/", "example.com", nil, 80, "http GET"),
      ("http://example.com?q", "example.com", nil, 80, "http GET"),
      ("https://example.com", "example.com", nil, 443, "tls"),
      ("https://example.com./x@y:z", "example.com", nil, 443, "tls"),
      ("https://münchen.de/", "xn--mnchen-3ya.de", nil, 443, "tls"),
      ("https://10.0.0.1:8443/", nil, "10.0.0.1", 8443, "tls"),
      ("http://[::1]/", nil, "::1", 80, "http GET"),
      ("https://[2001:DB8::1]:8443", nil, "2001:db8::1", 8443, "tls"),
      ("http://[::ffff:10.0.0.1]/", nil, "10.0.0.1", 80, "http GET"),
      ("db.internal:5432", "db.internal", nil, 5432, "tls"),
      ("10.0.0.1:5432", nil, "10.0.0.1", 5432, "opaque"),
      ("[2001:db8::1]:22", nil, "2001:db8::1", 22, "opaque"),
      ("localhost:65535", "localhost", nil, 65535, "tls"),
    ] as [(String, String?, String?, UInt16, String)])
  func flows(text: String, name: String?, address: String?, port: UInt16, content: String) throws {
    let target = try target(text)
    #expect(target.text == text)
    #expect(target.flow.name?.description == name)
    #expect(target.namesAddress == (address != nil))
    let endpoint = target.flow.destination.endpoint
    #expect(endpoint.address.description == address ?? CheckTarget.placeholder.description)
    #expect(endpoint.port == port)
    switch target.flow.content {
    case .http(let method): #expect(content == "http \(method)")
    case .tls(let encrypted): #expect(content == "tls" && !encrypted)
    case .opaque: #expect(content == "opaque")
    case .silent, .tunnel: Issue.record("\(target.flow.content)")
    }
  }

  @Test("the method counts where it can be seen")
  func method() throws {
    #expect(try target("http://example.com", method: "DELETE").flow.method?.description == "DELETE")
    #expect(try target("https://example.com", method: "DELETE").flow.method == nil)
    #expect(try target("10.0.0.1:80", method: "DELETE").flow.method == nil)
  }

  @Test(
    "what is no target is refused with a sentence",
    arguments: [
      ("", .empty), ("ftp://example.com/", .unsupportedScheme("ftp")),
      ("://example.com", .unsupportedScheme("")),
      ("https://user:secret@example.com/", .hasUserInfo), ("user@example.com:22", .hasUserInfo),
      ("https://", .noHost), ("https:///path", .noHost), ("https://:443/", .noHost),
      (":443", .noHost), ("example.com", .noPort), ("10.0.0.1", .noPort), ("[::1]", .noPort),
      ("example.com:", .badPort("")), ("example.com:0", .badPort("0")),
      ("example.com:65536", .badPort("65536")), ("example.com:https", .badPort("https")),
      ("example.com:+80", .badPort("+80")), ("https://example.com:-1", .badPort("-1")),
      ("mailto:x", .badPort("x")), ("example.com:443/", .badPort("443/")),
      ("::1", .badAddress), ("2001:db8::1:443", .badAddress), ("[::1", .badAddress),
      ("[::1]443", .badAddress), ("https://[10.0.0.1]/", .badAddress),
      ("[example.com]:443", .badAddress), ("https://[]/", .badAddress),
      ("http://[fe80::1%25eth0]/", .zoneIdentifier),
      ("10.0.0.1/8:22", .badBlock), ("10.0.0.0/33:22", .badBlock), ("[::1]/64:22", .badBlock),
      ("10.0.0.0/8", .noPort), ("example.com/8:22", .badName(.badByte)),
      ("http://127.1/", .ambiguousAddress), ("http://0x7f.1/", .ambiguousAddress),
      ("http://2130706433/", .ambiguousAddress), ("010.0.0.1:80", .ambiguousAddress),
      ("http://exa mple.com/", .badName(.badByte)), ("http://%65xample.com/", .badName(.badByte)),
      ("http://example.com\\@evil.test/", .hasUserInfo),
      ("http://example.com\\evil.test/", .badName(.badByte)),
      ("http://a..b/", .badName(.badLabel)), ("*.example.com:443", .badName(.badByte)),
    ] as [(String, CheckTargetError)])
  func refusals(text: String, error: CheckTargetError) {
    #expect(throws: error) { try target(text) }
    #expect(error.description.hasSuffix("."))
  }
}
