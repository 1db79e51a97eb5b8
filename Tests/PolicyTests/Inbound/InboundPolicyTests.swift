import Addressing
import Policy
import Testing

private let api = "spiffe://a.example/ns/x/sa/api"
private let batch = "spiffe://a.example/ns/x/sa/batch"
private let stranger = "spiffe://b.example/ns/x/sa/api"

private func rule(
  _ peer: String?, ports: [ClosedRange<UInt16>] = [], methods: [String] = []
) throws -> InboundRule {
  InboundRule(
    name: peer ?? "anyone", peer: try peer.map { try SPIFFEIDPattern($0) }, ports: ports,
    allowedMethods: try methods.map { try #require(HTTPMethod($0)) })
}

extension InboundPolicy {
  fileprivate func outcome(
    _ peer: String?, _ port: UInt16, _ method: String? = nil
  ) throws -> Outcome {
    Outcome(
      decide(
        peer: try peer.map { try SPIFFEID($0) }, destination: try destination("10.1.2.3", port),
        method: try method.map { try #require(HTTPMethod($0)) }))
  }

  fileprivate func denialOfEverything(_ peer: String?, _ port: UInt16) throws -> DenyReason? {
    denialOfEverything(
      peer: try peer.map { try SPIFFEID($0) }, destination: try destination("10.1.2.3", port))?
      .reason
  }

  fileprivate func probe(_ port: UInt16, _ method: String, _ target: String) throws -> Outcome? {
    let verdict = decideProbe(
      destination: try destination("10.1.2.3", port), method: try #require(HTTPMethod(method)),
      target: Array(target.utf8).span)
    guard let verdict else { return nil }
    return Outcome(verdict)
  }
}

@Suite("Who may reach the workload")
struct InboundPolicyTests {
  @Test("without a rule nobody may", arguments: [InboundMode.strict, .permissive])
  func defaultDeny(mode: InboundMode) throws {
    let policy = InboundPolicy(mode: mode, rules: [])
    #expect(try policy.outcome(api, 8080, "GET") == .denied(.peerNotAllowed))
    #expect(try policy.outcome(nil, 8080, "GET") == .denied(.noPeerCertificate))
    #expect(try policy.denialOfEverything(api, 8080) == .peerNotAllowed)
    #expect(try policy.denialOfEverything(nil, 8080) == .noPeerCertificate)
  }

  @Test("switched off it admits nobody, whatever its rules")
  func off() throws {
    let policy = InboundPolicy(
      mode: .off, rules: [try rule(nil)], plaintextPorts: [1...65535],
      probes: [InboundProbe(port: 80, path: "/")])
    #expect(try policy.outcome(api, 80) == .denied(.policyUnavailable))
    #expect(try policy.outcome(nil, 80) == .denied(.policyUnavailable))
    #expect(try policy.denialOfEverything(nil, 80) == .policyUnavailable)
    #expect(try policy.probe(80, "GET", "/") == nil)
  }

  @Test("the first rule whose peer, port and method all match admits")
  func firstMatch() throws {
    let policy = InboundPolicy(
      mode: .strict,
      rules: [
        try rule(api, ports: [8080...8080], methods: ["GET"]),
        try rule("spiffe://a.example/ns/*/sa/*", ports: [8080...8080, 9000...9010]),
        try rule(api),
      ])
    #expect(try policy.outcome(api, 8080, "GET") == .allowed(by: 0))
    #expect(try policy.outcome(api, 8080, "POST") == .allowed(by: 1))
    #expect(try policy.outcome(api, 8080) == .allowed(by: 1))
    #expect(try policy.outcome(batch, 9010, "GET") == .allowed(by: 1))
    #expect(try policy.outcome(api, 22) == .allowed(by: 2))
    #expect(policy.rule(1).name == "spiffe://a.example/ns/*/sa/*")
    #expect(policy.ruleCount == 3)
  }

  @Test("a denial names what came nearest: the method, then the port, then the peer")
  func nearestMiss() throws {
    let policy = InboundPolicy(
      mode: .strict,
      rules: [
        try rule(batch), try rule(api, ports: [1...1]),
        try rule(api, ports: [80...90], methods: ["GET", "HEAD"]),
        try rule(api, ports: [80...80], methods: ["PUT"]),
      ])
    let method = NearestMiss(ruleIndex: 2, missed: .method)
    #expect(try policy.outcome(api, 80, "POST") == .denied(.methodNotAllowed, miss: method))
    #expect(try policy.outcome(api, 80, "get") == .denied(.methodNotAllowed, miss: method))
    #expect(try policy.outcome(api, 80) == .denied(.methodNotVisible, miss: method))
    #expect(
      try policy.outcome(api, 91, "GET")
        == .denied(.portNotAllowed, miss: NearestMiss(ruleIndex: 1, missed: .port)))
    #expect(try policy.outcome(stranger, 80, "GET") == .denied(.peerNotAllowed))
    #expect(try policy.denialOfEverything(api, 80) == nil)
    #expect(try policy.denialOfEverything(batch, 7) == nil)
    #expect(try policy.denialOfEverything(api, 91) == .portNotAllowed)
    #expect(try policy.denialOfEverything(stranger, 80) == .peerNotAllowed)
  }

  @Test("a rule for anyone means anyone with a certificate, where mode is strict")
  func anyoneStrict() throws {
    let policy = InboundPolicy(mode: .strict, rules: [try rule(nil, ports: [80...80])])
    #expect(try policy.outcome(stranger, 80) == .allowed(by: 0))
    #expect(try policy.outcome(nil, 80) == .denied(.noPeerCertificate))
    #expect(try policy.denialOfEverything(nil, 80) == .noPeerCertificate)
  }

  @Test("in permissive mode plain text passes by rules for anyone, and by no other")
  func anyonePermissive() throws {
    let policy = InboundPolicy(
      mode: .permissive,
      rules: [
        try rule("spiffe://a.example/**"), try rule(nil, ports: [80...80], methods: ["GET"]),
        try rule(nil, ports: [81...81]),
      ])
    #expect(try policy.outcome(nil, 80, "GET") == .allowed(by: 1))
    #expect(try policy.outcome(nil, 81) == .allowed(by: 2))
    #expect(try policy.outcome(api, 80, "POST") == .allowed(by: 0))
    #expect(
      try policy.outcome(nil, 80, "POST")
        == .denied(.methodNotAllowed, miss: NearestMiss(ruleIndex: 1, missed: .method)))
    #expect(
      try policy.outcome(nil, 80)
        == .denied(.methodNotVisible, miss: NearestMiss(ruleIndex: 1, missed: .method)))
    #expect(
      try policy.outcome(nil, 82)
        == .denied(.noPeerCertificate, miss: NearestMiss(ruleIndex: 1, missed: .port)))
  }

  @Test("a port that is declared to be plain text is open to everyone, and only without TLS")
  func plaintextPorts() throws {
    let policy = InboundPolicy(
      mode: .strict, rules: [try rule(api, ports: [9090...9090], methods: ["GET"])],
      plaintextPorts: [9090...9091])
    #expect(try policy.outcome(nil, 9090) == .allow(nil, wouldDeny: nil))
    #expect(try policy.outcome(nil, 9091, "POST") == .allow(nil, wouldDeny: nil))
    #expect(try policy.outcome(nil, 9092) == .denied(.noPeerCertificate))
    #expect(try policy.outcome(stranger, 9090) == .denied(.peerNotAllowed))
    #expect(try policy.outcome(api, 9091) != .allow(nil, wouldDeny: nil))
    #expect(try policy.denialOfEverything(nil, 9090) == nil)
  }

  @Test("CONNECT is never let in", arguments: [api, nil])
  func connect(peer: String?) throws {
    let policy = InboundPolicy(
      mode: .permissive, rules: [try rule(nil, methods: ["CONNECT"]), try rule(nil)],
      plaintextPorts: [9090...9090])
    #expect(try policy.outcome(peer, 80, "CONNECT").reason == .methodNotAllowed)
    #expect(try policy.outcome(peer, 9090, "CONNECT").reason == .methodNotAllowed)
  }

  @Test(
    "a probe is let in where port, method and target are exactly the declared ones",
    arguments: [
      (8081, "GET", "/healthz?full=1", true), (8081, "HEAD", "/healthz?full=1", true),
      (8081, "POST", "/healthz?full=1", false), (8081, "get", "/healthz?full=1", false),
      (8080, "GET", "/healthz?full=1", false), (8081, "GET", "/healthz", false),
      (8081, "GET", "/healthz?full=1&x", false), (8081, "GET", "/healthz?full=", false),
      (8081, "GET", "/Healthz?full=1", false), (8081, "GET", "/%68ealthz?full=1", false),
      (8081, "GET", "//healthz?full=1", false), (8081, "GET", "/x/../healthz?full=1", false),
      (8081, "GET", "http://h/healthz?full=1", false), (8081, "GET", "*", false),
      (8081, "GET", "", false),
    ])
  func probes(port: UInt16, method: String, target: String, isLetIn: Bool) throws {
    let policy = InboundPolicy(
      mode: .strict, rules: [],
      probes: [
        InboundProbe(port: 8081, path: "/other"),
        InboundProbe(port: 8081, path: "/healthz?full=1"),
      ])
    #expect(try policy.probe(port, method, target) == (isLetIn ? .allow(nil, wouldDeny: nil) : nil))
    #expect(try policy.outcome(nil, 8081, "GET") == .denied(.noPeerCertificate))
    #expect(try policy.denialOfEverything(nil, 8081) == nil)
    #expect(try policy.denialOfEverything(nil, 8080) == .noPeerCertificate)
  }

  @Test("what a connection begins with follows from mode and port")
  func opening() throws {
    for mode in [InboundMode.strict, .permissive] {
      let policy = InboundPolicy(
        mode: mode, rules: [], opaquePorts: [3306...3306], plaintextPorts: [9090...9090],
        probes: [InboundProbe(port: 8081, path: "/healthz"), InboundProbe(port: 9090, path: "/")])
      #expect(
        policy.opening(of: try destination("10.1.2.3", 80)) == (mode == .strict ? .tls : .either))
      #expect(policy.opening(of: try destination("10.1.2.3", 8081)) == .either)
      #expect(policy.opening(of: try destination("10.1.2.3", 9090)) == .plaintext)
      #expect(policy.isOpaque(try destination("10.1.2.3", 3306)))
      #expect(!policy.isOpaque(try destination("10.1.2.3", 3307)))
    }
  }

  @Test("every reason has a sentence for who comes from outside", arguments: DenyReason.allCases)
  func sentences(reason: DenyReason) throws {
    let peers = [nil, try SPIFFEID(api)]
    for peer in peers {
      for method in [nil, HTTPMethod("DELETE"), HTTPMethod("CONNECT")] {
        let sentences = [nil, try destination("10.1.2.3", 8080)].map {
          reason.inboundSentence(peer: peer, destination: $0, method: method)
        }
        for sentence in sentences {
          #expect(sentence.hasSuffix(".") && sentence.first?.isUppercase == true)
          #expect(!sentence.contains("Optional") && !sentence.contains("10.1.2.3"))
        }
      }
    }
    #expect(
      DenyReason.methodNotAllowed.inboundSentence(
        peer: try SPIFFEID(api), destination: try destination("10.1.2.3", 8080),
        method: HTTPMethod("DELETE"))
        == "There are inbound rules for \(api) and port 8080, but none admits the method DELETE.")
  }
}
