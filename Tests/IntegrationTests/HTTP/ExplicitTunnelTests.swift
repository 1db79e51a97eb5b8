import Foundation
import TestNetwork
import Testing

/// What goes through a tunnel is judged by what it is, and must be for whom the tunnel was opened.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct ExplicitTunnelTests {
  static let any = #"{name: any, hostPattern: "*.example.com"}"#

  @Test func `a hello that names another host than the CONNECT ends with an alert`() throws {
    let explicit = try ExplicitScene(allowlist: Self.any)
    let answer = try explicit.curl(
      "--connect-to", "www.example.com:443:api.example.com:443", "https://www.example.com/")
    #expect(answer.exit == 35, "\(answer)")
    #expect(answer.errors.contains("access denied"), "\(answer.errors)")
    #expect(try explicit.scene.web.requests().isEmpty)
    try explicit.scene.expectRecords(
      denied("tls", "destination-mismatch", host: "api.example.com").merging([
        "httpMethod": "CONNECT", "responseStatus": "200", "destinationAddress": ProxyScene.web6,
        "bytesSent": "0", "bytesReceived": "0",
      ]) { $1 })
  }

  @Test func `a hello without a name is refused as in a captured connection`() throws {
    let explicit = try ExplicitScene(allowlist: Self.any)
    // A record of 49 bytes with a ClientHello that has no extensions.
    let hello =
      "\\x16\\x03\\x01\\x00\\x2d\\x01\\x00\\x00\\x29\\x03\\x03" + String(repeating: "r", count: 32)
      + "\\x00\\x00\\x02\\x00\\x2f\\x01\\x00"
    let seen = try explicit.start(
      ExplicitScene.tunnel(to: "api.example.com:443") + ["send:\(hello)", "end"]
    ).wait().checked()
    let received = try ProxyScene.seen(seen.lines.last ?? "").received
    #expect(received.hasSuffix("\u{15}\u{03}\u{03}\u{00}\u{02}\u{02}\u{70}"), "\(seen)")
    try explicit.scene.expectRecords(
      denied("tls", "no-server-name", host: "api.example.com").merging([
        "httpMethod": "CONNECT", "responseStatus": "200",
      ]) { $1 })
  }

  @Test func `requests in a tunnel are judged one by one and must name its host`() throws {
    let explicit = try ExplicitScene(
      allowlist: #"{name: get, hostPattern: "*.example.com", port: 80, allowedMethods: [GET]}"#)
    func request(_ method: String, _ host: String) -> String {
      "send:\(method) /\(method) HTTP/1.1\\r\\nHost: \(host)\\r\\n\\r\\n"
    }
    let steps =
      ExplicitScene.tunnel(to: "api.example.com:80") + [
        request("GET", "api.example.com"), "until:/GET", request("DELETE", "api.example.com"),
        "until:method-not-allowed", request("GET", "www.example.com"),
        "until:destination-mismatch", request("GET", "10.77.2.80"),
        "send:CONNECT www.example.com:80 HTTP/1.1\\r\\nHost: www.example.com\\r\\n"
          + "Connection: close\\r\\n\\r\\n", "end",
      ]
    let seen = try explicit.start(steps).wait().checked()
    #expect(try ProxyScene.seen(seen.lines.last ?? "").ended == "eof")
    #expect(try explicit.scene.web.requests().map(\.uri) == ["/GET"])
    try explicit.scene.expectRecords(
      allowed("http", host: "api.example.com", rule: "get", status: 200).merging([
        "httpMethod": "CONNECT", "bytesSent": "0", "bytesReceived": "0",
        "destinationAddress": ProxyScene.web6,
      ]) { $1 },
      allowed("http", host: "api.example.com", rule: "get", status: 200).merging([
        "httpMethod": "GET", "destinationAddress": ProxyScene.web6,
      ]) { $1 },
      denied("http", "method-not-allowed", host: "api.example.com"),
      denied("http", "destination-mismatch", host: "www.example.com"),
      denied("http", "destination-mismatch", host: "10.77.2.80"),
      denied("http", "destination-mismatch", host: "www.example.com"))
  }

  @Test func `a rule with methods opens a tunnel, but lets nothing through that hides them`() throws
  {
    let explicit = try ExplicitScene(
      allowlist: #"{name: get, hostPattern: "*.example.com", allowedMethods: [GET]}"#)
    let answer = try explicit.curl("https://api.example.com/")
    #expect(answer.errors.contains("access denied"), "\(answer.errors)")
    try explicit.scene.expectRecords(
      denied("tls", "method-not-visible", host: "api.example.com").merging([
        "httpMethod": "CONNECT", "responseStatus": "200",
      ]) { $1 })
  }

  @Test(arguments: [
    (["send:SSH-2.0-me\\r\\n", "until:SSH-2.0-you\\r\\n"], ""),
    // The server speaks first, and is heard once the peek has waited long enough.
    (["until:SSH-2.0-you\\r\\n", "send:SSH-2.0-me\\r\\n"], "peekSeconds: 1.5"),
  ])
  func `a tunnel carries what is neither TLS nor HTTP where a rule knows its host`(
    steps: [String], limits: String
  ) throws {
    let explicit = try ExplicitScene(
      allowlist: #"{name: ssh, hostPattern: ssh.example.com, port: 22}"#,
      names: ["ssh.example.com": ProxyScene.raw6], limits: limits)
    let server = try explicit.scene.listen(
      ProxyScene.raw6, 22, "send:SSH-2.0-you\\r\\n", "until:SSH-2.0-me\\r\\n", "end")
    let seen = try explicit.start(
      ExplicitScene.tunnel(to: "ssh.example.com:22") + steps + ["shutdown", "end"]
    ).wait().checked()
    let all = try ProxyScene.seen(seen.lines.last ?? "")
    #expect(all.received == ExplicitScene.established + "SSH-2.0-you\r\n")
    #expect(try explicit.scene.seen(by: server).received == "SSH-2.0-me\r\n")
    try explicit.scene.expectRecords(
      allowed("tcp", host: "ssh.example.com", rule: "ssh", status: 200).merging([
        "httpMethod": "CONNECT", "destinationAddress": ProxyScene.raw6, "bytesSent": "12",
        "bytesReceived": "13",
      ]) { $1 })
  }

  @Test func `an address needs a rule that names it, and with its port no peek`() throws {
    let explicit = try ExplicitScene(
      allowlist: "{name: db, hostPattern: 10.77.2.70, port: 5432}", limits: "peekSeconds: 60")
    try explicit.scene.listen(ProxyScene.raw4, 5432, "send:hello", "end")
    let seen = try explicit.start(
      ExplicitScene.tunnel(to: "\(ProxyScene.raw4):5432") + ["until:hello", "shutdown", "end"]
    ).wait().checked()
    #expect(
      try ProxyScene.seen(seen.lines.last ?? "").received == ExplicitScene.established + "hello")
    let refused = try explicit.curl("https://\(ProxyScene.web4):5432/")
    #expect(refused.errors.contains("403"), "\(refused)")
    #expect(explicit.questions.isEmpty)
    try explicit.scene.expectRecords(
      allowed("tcp", host: ProxyScene.raw4, rule: "db", status: 200).merging([
        "httpMethod": "CONNECT", "destinationAddress": ProxyScene.raw4,
      ]) { $1 },
      denied("http", "host-not-allowed", host: ProxyScene.web4))
  }

  @Test func `what is sent behind the CONNECT before its answer is judged and not lost`() throws {
    let explicit = try ExplicitScene(allowlist: Self.any)
    let seen = try explicit.connect(
      "send:CONNECT api.example.com:80 HTTP/1.0\\r\\n\\r\\nGET /early HTTP/1.0\\r\\n"
        + "Host: api.example.com\\r\\n\\r\\n", "end")
    #expect(seen.received.hasPrefix(ExplicitScene.established + "HTTP/1.1 200 OK"), "\(seen)")
    #expect(seen.received.hasSuffix("GET http api.example.com /early"))
    try explicit.scene.expectRecords(
      allowed("http", host: "api.example.com", status: 200).merging(["httpMethod": "CONNECT"]) {
        $1
      },
      allowed("http", host: "api.example.com", status: 200).merging(["httpMethod": "GET"]) { $1 })
  }
}
