import Foundation
import TestNetwork
import Testing

/// HTTP/1 through the pair: real curl, real nginx, the real kernel.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct HTTPTests {
  static let getOnly = "{name: api, hostPattern: api.example.com, port: 80, allowedMethods: [GET]}"

  @Test(arguments: ProxyScene.families)
  func `an allowed request reaches the server and is recorded once`(family: String) throws {
    let scene = try ProxyScene(allowlist: Self.getOnly)
    let answer = try scene.curl(family, "http://api.example.com/orders?secret=1")
    #expect(answer.status == 200)
    #expect(answer.body == "GET http api.example.com /orders?secret=1")
    try scene.expectRecords(
      allowed("http", host: "api.example.com", rule: "api", status: 200).merging([
        "httpMethod": "GET", "httpPath": "/orders", "destinationPort": "80",
        "destinationAddress": ProxyScene.web(family),
        "sourceAddress": family == "-4" ? PodNetwork.podAddress4 : PodNetwork.podAddress6,
      ]) { $1 })
  }

  @Test(arguments: ProxyScene.families)
  func `a blocked host gets a 403 that says why, and the server sees nothing`(
    family: String
  ) throws {
    let scene = try ProxyScene(allowlist: Self.getOnly)
    let answer = try scene.curl(family, "-D", "-", "http://other.example.net/?data=secret")
    #expect(answer.status == 403)
    #expect(answer.body.contains("x-portarium-deny-reason: host-not-allowed"))
    #expect(answer.body.contains("content-type: application/json"))
    #expect(try scene.web.requests().isEmpty)
    try scene.expectRecords(denied("http", "host-not-allowed", host: "other.example.net"))
  }

  @Test(arguments: [
    (["-X", "DELETE", "http://api.example.com/"], "method-not-allowed"),
    (["-X", "get", "http://api.example.com/"], "method-not-allowed"),
    (["http://api.example.com:8080/"], "port-not-allowed"),
    (["http://www.example.com/"], "host-not-allowed"),
    (["-H", "Host: other.example.net", "http://api.example.com/"], "host-not-allowed"),
    (["http://10.77.2.80/"], "host-not-allowed"),
  ])
  func `the rule's method, port and host each count`(
    arguments: [String], reason: String
  ) throws {
    let scene = try ProxyScene(allowlist: Self.getOnly)
    let answer = try scene.curl(arguments)
    #expect(answer.status == 403)
    #expect(answer.field("error") == "EgressDenied")
    #expect(answer.field("reason") == reason)
    #expect(answer.field("workspaceId") == "ws-test")
    #expect(try scene.web.requests().isEmpty)
    let (records, _) = try scene.sidecar.drain()
    ProxyScene.expect(records, [denied("http", reason)])
    #expect(records.first?[text: "auditId"] == answer.field("auditId"))
  }

  @Test(arguments: [
    ("www.example.com", 200), ("a.b.example.com", 200), ("api.example.com", 200),
    ("example.com", 403), ("other.example.net", 403),
  ])
  func `a wildcard covers every name below its suffix and not the suffix itself`(
    name: String, status: Int
  ) throws {
    let scene = try ProxyScene(allowlist: #"{name: all, hostPattern: "*.example.com"}"#)
    #expect(try scene.curl("http://\(name)/").status == status)
    try scene.expectRecords(
      status == 200
        ? allowed("http", host: name, rule: "all", status: 200)
        : denied("http", "host-not-allowed", host: name))
  }

  @Test func `a request is forwarded with a trace context, its own or a new one`() throws {
    let scene = try ProxyScene(allowlist: Self.getOnly)
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    _ = try scene.curl("http://api.example.com/new")
    _ = try scene.curl(
      "-H", "traceparent: \(parent)", "-H", "tracestate: a=1", "http://api.example.com/kept")
    let requests = try scene.web.requests(atLeast: 2)
    let fresh = try #require(requests.first)
    #expect(fresh.traceparent.wholeMatch(of: /00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]/) != nil)
    let kept = try #require(requests.last)
    #expect(kept.traceparent.hasPrefix("00-0af7651916cd43dd8448eb211c80319c-"))
    #expect(kept.traceparent.hasSuffix("-01"))
    #expect(kept.traceparent != parent)
    #expect(kept.tracestate == "a=1")
    let (records, _) = try scene.sidecar.drain()
    ProxyScene.expect(records, [allowed("http"), allowed("http")])
    #expect(records.map { $0[text: "traceparent"] } == requests.map(\.traceparent))
  }

  @Test func `a workload can't pass for another by our own headers`() throws {
    let scene = try ProxyScene(allowlist: Self.getOnly)
    _ = try scene.curl("-H", "X-Portarium-Workspace-Id: ws-other", "http://api.example.com/")
    #expect(try scene.web.requests(atLeast: 1).first?.fields["workspace"] == "")
  }
}
