import Foundation
import TestNetwork
import Testing

/// TLS that passes through unread: judged by the ClientHello, answered by an alert when blocked.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct TLSTests {
  static let rules = #"{name: api, hostPattern: "*.example.com", port: 443}"#

  @Test(arguments: ProxyScene.families)
  func `an allowed name reaches the server, whose certificate the client sees`(
    family: String
  ) throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let answer = try scene.curl(family, "-X", "DELETE", "https://api.example.com/x")
    #expect(answer.exit == 0, "\(answer.errors)")
    #expect(answer.body == "DELETE https api.example.com /x")
    try scene.expectRecords(
      allowed("tls", host: "api.example.com", rule: "api").merging([
        "destinationPort": "443", "destinationAddress": ProxyScene.web(family),
      ]) { $1 })
  }

  @Test(arguments: [
    ("-4", "https://other.example.net/", "host-not-allowed"),
    ("-6", "https://other.example.net/", "host-not-allowed"),
    ("-4", "https://example.com/", "host-not-allowed"),
    ("-4", "https://api.example.com:8443/", "port-not-allowed"),
  ])
  func `a blocked name ends with an access_denied alert`(
    family: String, url: String, reason: String
  ) throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let answer = try scene.curl(family, url)
    #expect(answer.exit == 35)
    #expect(answer.errors.contains("access denied"), "\(answer.errors)")
    #expect(try scene.web.requests().isEmpty)
    try scene.expectRecords(denied("tls", reason))
  }

  @Test func `a rule with methods never matches what can't be seen`() throws {
    let scene = try ProxyScene(allowlist: "{hostPattern: api.example.com, allowedMethods: [GET]}")
    #expect(try scene.curl("https://api.example.com/").errors.contains("access denied"))
    try scene.expectRecords(denied("tls", "method-not-visible", host: "api.example.com"))
  }

  @Test(arguments: ProxyScene.families)
  func `a hello without a name is refused as unrecognised`(family: String) throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let address = ProxyScene.web(family)
    let url = "https://\(family == "-4" ? address : "[\(address)]")/"
    let answer = try scene.curl(url)
    #expect(answer.exit == 35)
    #expect(answer.errors.contains("unrecognized name"), "\(answer.errors)")
    try scene.expectRecords(denied("tls", "no-server-name"))
  }

  @Test func `a hello without a name passes where a rule names the address`() throws {
    let scene = try ProxyScene(allowlist: "{hostPattern: 10.77.2.80/32}")
    let seen = try scene.tls(ProxyScene.web4, 443, [])
    #expect(seen["status"] == "HTTP/1.1 200 OK", "\(seen)")
    try scene.expectRecords(allowed("tls"))
  }

  @Test(arguments: [
    ["--send", "1"], ["--send", "7"], ["--record", "1"], ["--record", "50"],
    ["--record", "3", "--send", "1"], ["--alpn", "12000"],
    ["--alpn", "12000", "--record", "1000", "--send", "1000"],
  ])
  func `a hello however cut up is judged by its name, and the server gets it whole`(
    cut: [String]
  ) throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let good = try scene.tls(ProxyScene.web4, 443, ["--sni", "api.example.com"] + cut)
    #expect(good["status"] == "HTTP/1.1 200 OK", "\(good)")
    let bad = try scene.tls(ProxyScene.web4, 443, ["--sni", "other.example.net"] + cut)
    #expect(bad["alert"] == "TLSV1_ALERT_ACCESS_DENIED", "\(bad)")
    try scene.expectRecords(
      allowed("tls", host: "api.example.com"),
      denied("tls", "host-not-allowed", host: "other.example.net"))
  }

  @Test(arguments: [
    (["--damage", "garbage"], "malformed-client-hello"),
    (["--damage", "length"], "malformed-client-hello"),
    (["--alpn", "30000"], "malformed-client-hello"),
    (["--damage", "cut"], "malformed-client-hello"),
  ])
  func `a hello that can't be read ends with an alert and never reaches the server`(
    options: [String], reason: String
  ) throws {
    let scene = try ProxyScene(allowlist: #"{hostPattern: "*"}"#)
    let seen = try scene.tls(ProxyScene.web4, 443, ["--sni", "api.example.com"] + options)
    #expect(seen["result"] == "alert", "\(seen)")
    try scene.expectRecords(denied(nil, reason))
  }

  @Test func `half a hello and then nothing ends at the deadline`() throws {
    let scene = try ProxyScene(
      allowlist: Self.rules, limits: "peekSeconds: \(0.3 * Sanitizer.patience)")
    let seen = try scene.tls(
      ProxyScene.web4, 443, ["--sni", "api.example.com", "--damage", "stall"])
    #expect(seen["result"] == "alert", "\(seen)")
    try scene.expectRecords(denied(nil, "peek-timeout"))
  }
}
