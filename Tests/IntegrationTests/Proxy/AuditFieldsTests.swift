import Foundation
import TestNetwork
import Testing

/// Every field that can be known of a flow stands in its record, whatever kind of flow it is and
/// however it ends; and every record is what docs/schema says.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct AuditFieldsTests {
  /// Fields that not every record has.
  static let optional: Set<String> = [
    "policyReason", "matchedRule", "policy", "destinationAddress", "destinationHost",
    "destinationPort", "httpMethod", "httpPath", "responseStatus", "traceparent",
  ]

  static let place: Set<String> = ["destinationAddress", "destinationPort"]
  static let named = place.union(["destinationHost"])
  static let request = named.union(["httpMethod", "httpPath", "responseStatus"])

  /// What a workload does, and the one record of it.
  struct Kind: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let flow: @Sendable (ExplicitScene) throws -> Void
    let fields: Set<String>
    /// Values of some of them, and of others.
    let values: [String: String]

    init(
      _ description: String, _ fields: Set<String>, _ values: [String: String],
      _ flow: @escaping @Sendable (ExplicitScene) throws -> Void
    ) {
      testDescription = description
      self.fields = fields
      self.values = values
      self.flow = flow
    }
  }

  static let kinds = [
    Kind(
      "an allowed request", request.union(["matchedRule", "traceparent"]),
      ["protocol": "http", "httpPath": "/p", "responseStatus": "200", "matchedRule": "api"]
    ) { _ = try $0.scene.curl("http://api.example.com/p?q=secret") },
    Kind(
      "a denied request", request.union(["policyReason"]),
      ["protocol": "http", "destinationHost": "other.example.net", "responseStatus": "403"]
    ) { _ = try $0.scene.curl("-d", "body", "http://other.example.net/p") },
    Kind(
      "a request whose server isn't there", request.union(["matchedRule", "traceparent"]),
      ["protocol": "http", "outcome": "upstream-failed", "responseStatus": "502"]
    ) { _ = try $0.scene.curl("http://api.example.com:81/p") },
    Kind(
      "a request whose server never answers", request.union(["matchedRule", "traceparent"]),
      ["protocol": "http", "outcome": "timed-out", "responseStatus": "504"]
    ) {
      _ = try $0.scene.curl(
        "--resolve", "api.example.com:82:\(ProxyScene.silent4)", "http://api.example.com:82/p")
    },
    Kind(
      "bytes that are no request", place.union(["policyReason", "responseStatus"]),
      ["protocol": "http", "policyReason": "malformed-request", "responseStatus": "400"]
    ) { _ = try $0.scene.connect(ProxyScene.raw4, 80, #"send:GET  / HTTP/1.1\r\n\r\n"#, "end") },
    Kind(
      "allowed TLS", named.union(["matchedRule"]),
      ["protocol": "tls", "destinationHost": "api.example.com", "outcome": "completed"]
    ) { _ = try $0.scene.curl("https://api.example.com/") },
    Kind(
      "denied TLS", named.union(["policyReason"]),
      ["protocol": "tls", "destinationHost": "other.example.net", "outcome": "denied"]
    ) { _ = try $0.scene.curl("https://other.example.net/") },
    Kind(
      "a hello that can't be read", place.union(["policyReason"]),
      ["protocol": "tls", "policyReason": "malformed-client-hello"]
    ) {
      _ = try $0.scene.connect(
        ProxyScene.raw4, 443, #"send:\x16\x03\x01\x00\x04\x01\x00\x00\x00"#, "end")
    },
    Kind(
      "half a hello", place.union(["policyReason"]),
      ["protocol": "tls", "policyReason": "peek-timeout"]
    ) { _ = try $0.scene.connect(ProxyScene.raw4, 443, #"send:\x16\x03\x01\x00\x40\x01"#, "end") },
    Kind(
      "an opaque flow that a rule admits by its address", place.union(["matchedRule"]),
      ["protocol": "tcp", "matchedRule": "raw", "destinationPort": "9000", "outcome": "completed"]
    ) {
      try $0.scene.listen(ProxyScene.raw4, 9000, "send:hello")
      _ = try $0.scene.connect(ProxyScene.raw4, 9000, "read:5", "shutdown", "end")
    },
    Kind(
      "an opaque flow that none admits", place.union(["policyReason"]),
      ["protocol": "tcp", "policyReason": "opaque-protocol"]
    ) { _ = try $0.scene.connect(ProxyScene.web4, 9001, #"send:\x00\x01"#, "end") },
    Kind(
      "silence", place.union(["policyReason"]),
      ["protocol": "tcp", "policyReason": "peek-timeout"]
    ) { _ = try $0.scene.connect(ProxyScene.web4, 9001, "end") },
    Kind(
      "HTTP/2 with prior knowledge", place.union(["policyReason"]),
      ["protocol": "tcp", "policyReason": "opaque-protocol"]
    ) {
      _ = try $0.scene.connect(
        ProxyScene.web4, 80, #"send:PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"#, "end")
    },
    Kind(
      "a request to the explicit proxy", request.union(["matchedRule", "traceparent"]),
      ["protocol": "http", "httpPath": "/p", "responseStatus": "200"]
    ) { _ = try $0.curl("http://api.example.com/p") },
    Kind(
      "one that it denies before it looks for the name",
      request.union(["policyReason"]).subtracting(["destinationAddress"]),
      ["protocol": "http", "destinationPort": "8080", "responseStatus": "403"]
    ) { _ = try $0.curl("http://other.example.net:8080/p") },
    Kind(
      "one whose name leads nowhere",
      request.union(["matchedRule"]).subtracting(["destinationAddress"]),
      ["protocol": "http", "outcome": "upstream-failed", "responseStatus": "502"]
    ) { _ = try $0.curl("http://gone.example.com/p") },
    Kind(
      "a tunnel", request.union(["matchedRule"]),
      ["protocol": "tls", "httpMethod": "CONNECT", "responseStatus": "200"]
    ) { _ = try $0.curl("https://api.example.com/") },
    Kind(
      "a tunnel that is refused",
      request.union(["policyReason"]).subtracting(["destinationAddress"]),
      ["protocol": "http", "httpMethod": "CONNECT", "responseStatus": "403"]
    ) { _ = try $0.curl("https://other.example.net/") },
  ]

  @Test func `what can be known of a flow stands in its record`() throws {
    let explicit = try ExplicitScene(
      allowlist: """
        {name: api, hostPattern: api.example.com}
        {name: gone, hostPattern: gone.example.com}
        {name: raw, hostPattern: 10.77.2.70, port: 9000}
        """, names: ["gone.example.com": ""],
      limits: "peekSeconds: 1.5, requestHeadSeconds: 1.5, connectSeconds: 1.5")
    let schema = try SchemaCheck("audit-record.json")
    for (index, kind) in Self.kinds.enumerated() {
      try kind.flow(explicit)
      let records = try explicit.scene.sidecar.records(atLeast: index + 1)
      try #require(records.count == index + 1, "\(kind.testDescription): \(records)")
      let record = records[index]
      #expect(
        Self.optional.filter { !record.shown($0).isEmpty } == kind.fields,
        "\(kind.testDescription): \(record)")
      for (field, value) in kind.values {
        #expect(record.shown(field) == value, "\(kind.testDescription): \(record)")
      }
      #expect(schema.complaints(about: record.line).isEmpty, "\(kind.testDescription): \(record)")
      #expect(!record.line.contains("secret"))
    }
    #expect(try explicit.scene.sidecar.drain().status == 0)
  }

  @Test func `the check of records against the schema finds what is wrong`() throws {
    let schema = try SchemaCheck("audit-record.json")
    let good = """
      {"timestamp":"2026-11-21T07:00:00.000000042Z",\
      "auditId":"019f0000-0000-7000-8000-000000000001","workspaceId":"w","workerId":0,\
      "direction":"outbound","enforcementMode":"enforce","enforced":true,\
      "policyDecision":"deny","policyReason":"peek-timeout","protocol":"tcp",\
      "sourceAddress":"10.1.0.1","sourcePort":1,"outcome":"denied","bytesSent":0,\
      "bytesReceived":0,"latencyMs":0.181}
      """
    #expect(schema.complaints(about: good).isEmpty)
    for (part, wrong) in [
      (#""enforced":true"#, #""enforced":1"#), ("peek-timeout", "bad-mood"),
      (#","policyReason":"peek-timeout""#, ""),
      (#""policyDecision":"deny""#, #""policyDecision":"allow""#),
      ("42Z", "42"), ("-7000-", "-4000-"), (#""bytesSent":0"#, #""bytesSent":-1"#),
      (#""sourcePort":1"#, #""sourcePort":70000"#), (#","latencyMs":0.181"#, ""),
      (#""workspaceId":"w""#, #""workspaceId":"""#),
    ] {
      #expect(good.contains(part))
      #expect(!schema.complaints(about: good.replacing(part, with: wrong)).isEmpty, "\(wrong)")
    }
  }
}
