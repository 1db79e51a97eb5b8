import Foundation
import TestNetwork
import Testing

/// Destinations that refuse, stay silent or break off.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct UpstreamTests {
  static let rules = #"{hostPattern: "*"}, {hostPattern: 10.77.2.0/24}, {hostPattern: "::/0"}"#

  @Test(arguments: ProxyScene.families)
  func `a refusal is a 502`(family: String) throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    let answer = try scene.curl(family, "http://api.example.com:81/")
    #expect(answer.status == 502)
    #expect(answer.field("error") == "UpstreamFailure")
    try scene.expectRecords(allowed("http", status: 502, outcome: "upstream-failed"))
  }

  @Test func `silence is a 504 after the connect deadline`() throws {
    let scene = try ProxyScene(allowlist: Self.rules, limits: "connectSeconds: 0.3")
    let answer = try scene.curl("http://\(ProxyScene.silent4)/")
    #expect(answer.status == 504)
    #expect(answer.field("error") == "UpstreamFailure")
    try scene.expectRecords(allowed("http", status: 504, outcome: "timed-out"))
  }

  @Test func `a reset instead of an answer is a 502`() throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    try scene.listen(ProxyScene.raw4, 80, "until:\\r\\n\\r\\n", "reset")
    let answer = try scene.curl("http://\(ProxyScene.raw4)/")
    #expect(answer.status == 502)
    try scene.expectRecords(allowed("http", status: 502, outcome: "upstream-failed"))
  }

  @Test func `an end instead of an answer is a 502`() throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    #expect(try scene.curl("http://api.example.com/reset").status == 502)
    try scene.expectRecords(allowed("http", status: 502, outcome: "upstream-failed"))
  }

  @Test func `a refusal of anything else is a reset`() throws {
    let scene = try ProxyScene(allowlist: "{hostPattern: 10.77.2.70, port: 7000}")
    let client = try scene.connect(ProxyScene.raw4, 7000, "send:hello", "end")
    #expect(client.ended == "reset")
    try scene.expectRecords(allowed("tcp", outcome: "upstream-failed"))
  }

  @Test func `a broken-off answer ends the client short, not as if it were whole`() throws {
    let scene = try ProxyScene(allowlist: Self.rules)
    try scene.listen(
      ProxyScene.raw4, 80, "until:\\r\\n\\r\\n",
      "send:HTTP/1.1 200 OK\\r\\nContent-Length: 100\\r\\n\\r\\nhalf")
    let answer = try scene.curl("http://\(ProxyScene.raw4)/")
    #expect(answer.exit != 0)
    try scene.expectRecords(allowed("http", status: 200, outcome: "upstream-failed"))
  }
}
