import Foundation
import TestNetwork
import Testing

/// The explicit proxy: absolute-form requests and CONNECT, by real curl, through the real ruleset.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct ExplicitProxyTests {
  static let rules = """
    {name: api, hostPattern: "*.example.com", port: 80, allowedMethods: [GET]}
    {name: tls, hostPattern: "*.example.com", port: 443}
    """

  @Test(arguments: ExplicitScene.proxies)
  func `an http URL is fetched for the workload, by the name's own address`(proxy: String) throws {
    let explicit = try ExplicitScene(
      allowlist: Self.rules, names: ["six.example.com": ProxyScene.web6])
    let answer = try explicit.curl("http://api.example.com/orders?secret=1", proxy: proxy)
    #expect(answer.body == "GET http api.example.com /orders?secret=1")
    let six = try explicit.curl("http://six.example.com/", proxy: proxy)
    #expect(six.body == "GET http six.example.com /")
    let seen = try explicit.scene.web.requests(atLeast: 2)
    #expect(seen.map(\.uri) == ["/orders?secret=1", "/"])
    #expect(seen.allSatisfy { !$0.traceparent.isEmpty })
    let source = proxy.contains("[") ? "::1" : "127.0.0.1"
    try explicit.scene.expectRecords(
      allowed("http", host: "api.example.com", rule: "api", status: 200).merging([
        "httpMethod": "GET", "httpPath": "/orders", "destinationPort": "80",
        "destinationAddress": ProxyScene.web6, "sourceAddress": source,
      ]) { $1 },
      allowed("http", host: "six.example.com", rule: "api", status: 200).merging([
        "destinationAddress": ProxyScene.web6
      ]) { $1 })
  }

  @Test(arguments: ExplicitScene.proxies)
  func `a tunnel to a TLS server is one record, whose certificate the client sees`(
    proxy: String
  ) throws {
    let explicit = try ExplicitScene(allowlist: Self.rules)
    let answer = try explicit.curl("-X", "DELETE", "https://api.example.com/x", proxy: proxy)
    #expect(answer.exit == 0, "\(answer.errors)")
    #expect(answer.body == "DELETE https api.example.com /x")
    let (records, status) = try explicit.scene.sidecar.drain()
    #expect(status == 0)
    ProxyScene.expect(
      records,
      [
        allowed("tls", host: "api.example.com", rule: "tls", status: 200).merging([
          "httpMethod": "CONNECT", "destinationPort": "443",
          "destinationAddress": ProxyScene.web6,
        ]) { $1 }
      ])
    // The handshake and the answer, not our 39 bytes.
    #expect((records.first?.sent ?? 0) > 300)
    #expect((records.first?.received ?? 0) > 500)
  }

  @Test(arguments: [
    ("http://other.example.net/", "host-not-allowed", "GET"),
    ("http://api.example.com:81/", "port-not-allowed", "GET"),
    ("https://other.example.net/", "host-not-allowed", "CONNECT"),
    ("https://api.example.com:8443/", "port-not-allowed", "CONNECT"),
    ("https://10.77.2.80/", "host-not-allowed", "CONNECT"),
    ("http://10.77.2.80/", "host-not-allowed", "GET"),
    ("http://[fd77:2::80]/", "host-not-allowed", "GET"),
    ("https://127.0.0.1/", "forbidden-address", "CONNECT"),
    ("http://169.254.169.254/", "forbidden-address", "GET"),
    ("http://127.0.0.1:15001/", "loop-detected", "GET"),
    ("https://[::1]:15000/", "loop-detected", "CONNECT"),
  ])
  func `what no rule allows is answered 403, and no name server hears of it`(
    url: String, reason: String, method: String
  ) throws {
    let explicit = try ExplicitScene(allowlist: Self.rules)
    let answer = try explicit.curl("-D", "-", "--noproxy", "", url)
    #expect((answer.body + answer.errors).contains("403"), "\(answer)")
    #expect(answer.body.contains("x-portarium-deny-reason: \(reason)"), "\(answer)")
    #expect(explicit.questions.isEmpty)
    #expect(try explicit.scene.web.requests().isEmpty)
    let (records, _) = try explicit.scene.sidecar.drain()
    ProxyScene.expect(
      records,
      [
        denied("http", reason).merging([
          "httpMethod": method, "responseStatus": "403", "bytesSent": "0", "bytesReceived": "0",
        ]) { $1 }
      ])
    #expect(records.first?.port != nil)
  }

  @Test func `the method of a request counts before its name is resolved`() throws {
    let explicit = try ExplicitScene(allowlist: Self.rules)
    let answer = try explicit.curl("-X", "DELETE", "http://api.example.com/")
    #expect(answer.status == 403)
    #expect(answer.field("reason") == "method-not-allowed")
    #expect(answer.field("host") == "api.example.com")
    #expect(explicit.questions.isEmpty)
    try explicit.scene.expectRecords(
      denied("http", "method-not-allowed", host: "api.example.com").merging([
        "destinationPort": "80", "destinationAddress": "",
      ]) { $1 })
  }

  @Test func `requests of one connection may be for different hosts`() throws {
    let explicit = try ExplicitScene(allowlist: Self.rules)
    let answer = try explicit.curl(
      "http://api.example.com/1", "http://api.example.com/2", "http://www.example.com/3",
      "http://other.example.net/4", "http://www.example.com/5")
    #expect(answer.body.contains("GET http api.example.com /1"))
    #expect(answer.body.contains("GET http www.example.com /5"))
    let (records, _) = try explicit.scene.sidecar.drain()
    ProxyScene.expect(
      records,
      [
        allowed("http", host: "api.example.com", status: 200),
        allowed("http", host: "api.example.com", status: 200),
        allowed("http", host: "www.example.com", status: 200),
        denied("http", "host-not-allowed", host: "other.example.net"),
        allowed("http", host: "www.example.com", status: 200),
      ])
    #expect(Set(records.map { $0[number: "sourcePort"] }).count == 1)
    // Once a name, however many requests.
    #expect(explicit.count(of: "api.example.com") == 1)
    #expect(explicit.count(of: "www.example.com") == 1)
  }

  @Test(arguments: [
    ("GET / HTTP/1.1\\r\\nHost: api.example.com\\r\\n\\r\\n", 400, "malformed-request"),
    ("OPTIONS * HTTP/1.1\\r\\nHost: api.example.com\\r\\n\\r\\n", 400, "malformed-request"),
    (
      "GET https://api.example.com/ HTTP/1.1\\r\\nHost: api.example.com\\r\\n\\r\\n", 400,
      "malformed-request"
    ),
    ("CONNECT api.example.com HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n", 400, "ambiguous-host"),
    ("CONNECT 127.1:443 HTTP/1.1\\r\\nHost: 127.1\\r\\n\\r\\n", 400, "ambiguous-host"),
    ("CONNECT 0x7f.1:443 HTTP/1.1\\r\\nHost: 0x7f.1\\r\\n\\r\\n", 400, "ambiguous-host"),
    ("CONNECT 2130706433:443 HTTP/1.1\\r\\nHost: 2130706433\\r\\n\\r\\n", 400, "ambiguous-host"),
    ("CONNECT 010.0.0.1:443 HTTP/1.1\\r\\nHost: 010.0.0.1\\r\\n\\r\\n", 400, "ambiguous-host"),
    ("CONNECT [::1%25lo]:443 HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n", 400, "ambiguous-host"),
  ])
  func `a target that is none is answered 400 and never looked up`(
    request: String, status: Int, reason: String
  ) throws {
    let explicit = try ExplicitScene(allowlist: #"{hostPattern: "*"}"#)
    let seen = try explicit.connect("send:\(request)", "end")
    #expect(seen.received.hasPrefix("HTTP/1.1 \(status) "), "\(seen)")
    #expect(explicit.questions.isEmpty)
    try explicit.scene.expectRecords(
      denied("http", reason).merging(["responseStatus": "\(status)"]) { $1 })
  }

  @Test(arguments: [
    ("SSH-2.0-x\\r\\n", "reset", "tcp"), ("PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n", "", "tcp"),
    ("\\x16\\x03\\x01\\x00\\x05\\x01", "eof", "tls"),
  ])
  func `what is no HTTP request asks for nothing that could be judged`(
    bytes: String, ended: String, flowProtocol: String
  ) throws {
    let explicit = try ExplicitScene(allowlist: #"{hostPattern: "*"}"#)
    let seen = try explicit.connect("send:\(bytes)", "end")
    if flowProtocol == "tls" {
      #expect(seen.received == "\u{15}\u{03}\u{03}\u{00}\u{02}\u{02}\u{31}")
    }
    if !ended.isEmpty { #expect(seen.ended == ended) }
    try explicit.scene.expectRecords(denied(flowProtocol, "original-destination-unavailable"))
  }

  @Test func `in monitor mode what would be refused is resolved and passes`() throws {
    let explicit = try ExplicitScene(allowlist: Self.rules, mode: "monitor")
    let answer = try explicit.curl("http://other.example.net/", "https://other.example.net/")
    #expect(answer.body.contains("GET http other.example.net /"))
    #expect(answer.body.contains("GET https other.example.net /"))
    let passed = ["enforced": "0", "outcome": "completed", "responseStatus": "200"]
    try explicit.scene.expectRecords(
      denied("http", "host-not-allowed", host: "other.example.net").merging(passed) { $1 },
      denied("tls", "host-not-allowed", host: "other.example.net").merging(passed) { $1 })
  }

  @Test func `without the key a connection to the proxy is a loop, whatever it asks for`() throws {
    let scene = try ProxyScene(allowlist: #"{hostPattern: "*"}"#)
    for proxy in ExplicitScene.proxies {
      #expect(try scene.curl("-x", proxy, "http://api.example.com/").status == 0)
    }
    try scene.expectRecords(denied(nil, "loop-detected"), denied(nil, "loop-detected"))
  }

  @Test func `a captured connection is judged as ever`() throws {
    let explicit = try ExplicitScene(allowlist: #"{hostPattern: "*.example.com"}"#)
    let scene = explicit.scene
    let captured = try scene.connect(
      ProxyScene.web4, 80,
      "send:CONNECT api.example.com:80 HTTP/1.1\\r\\nHost: api.example.com\\r\\n\\r\\n",
      "until:\\r\\n\\r\\n")
    #expect(captured.received.hasPrefix("HTTP/1.1 403 "))
    let absolute = try scene.curl(
      "--request-target", "http://api.example.com/x", "http://api.example.com/")
    #expect(absolute.status == 200)
    #expect(try scene.web.requests().last?.uri == "/x")
    try scene.expectRecords(
      denied("http", "method-not-allowed", host: "api.example.com"),
      allowed("http", host: "api.example.com", status: 200))
  }
}
