import Addressing
import Policy
import Testing

@Suite("What a refused client is told")
struct DenySentenceTests {
  @Test("every reason has a sentence, with or without a flow", arguments: DenyReason.allCases)
  func complete(reason: DenyReason) throws {
    let flows: [Flow?] = [
      nil, try http("GET", "example.com"), try http("CONNECT", nil), try tls("example.com"),
      try tls(nil, to: "::1"), try opaque(to: "192.0.2.1", 22), try silent(to: "192.0.2.1", 22),
    ]
    for flow in flows {
      let sentence = reason.sentence(for: flow)
      #expect(sentence.hasSuffix("."))
      #expect(sentence.first?.isUppercase == true || flow != nil)
      #expect(!sentence.contains(reason.rawValue) && !sentence.contains("Optional"))
      #expect(sentence.utf8.allSatisfy { (0x20..<0x7f).contains($0) })
    }
  }

  @Test("the sentence names host, port and method")
  func examples() throws {
    let delete = try http("DELETE", "api.example.com")
    let tlsToNowhere = try tls(nil, to: "2001:db8::1")
    let metadata = try http("GET", "rebound.test", to: "169.254.169.254")
    #expect(DenyReason.hostNotAllowed.sentence(for: delete) == "No rule allows api.example.com:80.")
    #expect(
      DenyReason.methodNotAllowed.sentence(for: delete)
        == "There are rules for api.example.com:80, but none allows the method DELETE.")
    #expect(
      DenyReason.portNotAllowed.sentence(for: delete)
        == "There are rules for api.example.com, but none allows port 80.")
    #expect(
      DenyReason.noServerName.sentence(for: tlsToNowhere)
        == "The TLS connection to [2001:db8::1]:443 names no server, and no rule allows the address."
    )
    #expect(
      DenyReason.forbiddenAddress.sentence(for: metadata)
        == "rebound.test leads to the link-local address 169.254.169.254, "
        + "which only a rule that names the address allows.")
    #expect(
      DenyReason.forbiddenAddress.sentence(for: try silent(to: "0.0.0.0", 22))
        == "0.0.0.0 is an unspecified address, which only a rule that names the address allows.")
  }
}

@Suite("The rule that would allow a denied flow")
struct SuggestedRuleTests {
  private func suggestion(_ reason: DenyReason, _ flow: Flow) -> SuggestedRule? {
    Denial(reason).suggestedRule(for: flow)
  }

  @Test("it names the host, the port and the method, no more than the flow showed")
  func narrow() throws {
    let get = try #require(HTTPMethod("GET"))
    #expect(
      suggestion(.hostNotAllowed, try http("GET", "Example.com", 8080))
        == SuggestedRule(hostPattern: "example.com", port: 8080, allowedMethods: [get]))
    #expect(
      suggestion(.methodNotVisible, try tls("example.com"))
        == SuggestedRule(hostPattern: "example.com", port: 443, allowedMethods: []))
    #expect(
      suggestion(.noServerName, try tls(nil, to: "2001:db8::1"))
        == SuggestedRule(hostPattern: "2001:db8::1", port: 443, allowedMethods: []))
    #expect(
      suggestion(.forbiddenAddress, try http("GET", "rebound.test", to: "127.0.0.1"))
        == SuggestedRule(hostPattern: "127.0.0.1", port: 80, allowedMethods: [get]))
    #expect(
      suggestion(.peekTimeout, try silent(to: "192.0.2.1", 22))
        == SuggestedRule(hostPattern: "192.0.2.1", port: 22, allowedMethods: []))
  }

  @Test(
    "there is none where no rule may help",
    arguments: [
      .malformedClientHello, .encryptedClientHello, .malformedRequest, .ambiguousHost,
      .destinationMismatch, .originalDestinationUnavailable, .loopDetected, .rateLimited,
      .connectionLimit, .policyUnavailable, .internalError, .upstreamVerificationFailed,
      .tokenUnavailable, .peerNotAllowed, .noPeerCertificate, .identityUnavailable,
    ] as [DenyReason])
  func helpless(reason: DenyReason) throws {
    #expect(suggestion(reason, try http("GET", "example.com")) == nil)
    #expect(suggestion(reason, try tls("example.com")) == nil)
  }

  @Test("there is none for a tunnel, nor for a name that reads as an address")
  func noPattern() throws {
    #expect(suggestion(.methodNotAllowed, try http("CONNECT", "example.com")) == nil)
    #expect(suggestion(.hostNotAllowed, try tls("127.1")) == nil)
  }
}
