import Foundation
import TestNetwork
import Testing

/// Rules with a rate limit, used by real clients. The limits refill so slowly that no test is long
/// enough to see it.
@Suite("A rule's rate limit", .serialized, .enabled(if: Requirement.privileged))
struct RateLimitTests {
  private func rule(_ port: Int, burst: Int, _ more: String = "") -> String {
    "{name: slow-\(port), hostPattern: api.example.com, port: \(port), "
      + "rateLimit: {perSecond: 0.001, burst: \(burst)}\(more)}"
  }

  @Test(
    "holds for all workers together, by requests, and the answer says when to come back",
    arguments: [1, 2])
  func requests(workers: Int) throws {
    let scene = try ProxyScene(allowlist: rule(80, burst: 30), workers: workers)
    let url = "http://api.example.com/a"
    // Connections of their own, then many requests over few.
    let some = try (0..<5).map { _ in try scene.curl(url).status }
    #expect(some == Array(repeating: 200, count: 5))
    let many = try scene.curl(
      ["-Z", "--parallel-max", "8", "-o", "/dev/null", "-w", "%{http_code}\n"]
        + (0..<40).flatMap { _ in [url, "-o", "/dev/null"] }.dropLast(2))
    let statuses = many.body.split(separator: "\n").compactMap { Int($0) }
    #expect(statuses.count { $0 == 200 } == 25)
    #expect(statuses.allSatisfy { $0 == 200 || $0 == 429 })

    let late = try scene.curl("-i", url)
    #expect(late.status == 429)
    let fields = late.body.lowercased().split(whereSeparator: \.isNewline)
    #expect(fields.contains("x-portarium-deny-reason: rate-limited"))
    let wait = fields.first { $0.hasPrefix("retry-after: ") }.flatMap { Int($0.dropFirst(13)) }
    #expect((1...1000).contains(try #require(wait)))
    #expect(late.body.contains(#""reason":"rate-limited""#))

    let (records, _) = try scene.sidecar.drain()
    let allowed = records.filter { $0.decision == "allow" }
    #expect(allowed.count == 30)
    #expect(allowed.allSatisfy { $0.rule == "slow-80" })
    let denied = records.filter { $0.decision == "deny" }
    #expect(denied.count == records.count - 30)
    #expect(
      denied.allSatisfy {
        $0.reason == "rate-limited" && $0.status == 429 && $0.outcome == "denied" && $0.rule == ""
      })
    #expect(try scene.web.requests(atLeast: 30).count == 30)
  }

  @Test("holds for connections that carry no requests: TLS is told so by an alert")
  func connections() throws {
    let scene = try ProxyScene(allowlist: rule(443, burst: 2))
    #expect(try scene.curl("https://api.example.com/a").status == 200)
    // Two requests over one connection use it once.
    #expect(
      try scene.curl("https://api.example.com/a", "https://api.example.com/b").status == 200)
    let late = try scene.curl("https://api.example.com/a")
    #expect(late.exit == 35)
    #expect(late.errors.contains("alert"))
    let (records, _) = try scene.sidecar.drain()
    #expect(records.map(\.decision) == ["allow", "allow", "deny"])
    #expect(records.last?.reason == "rate-limited")
    #expect(records.last?.flowProtocol == "tls")
  }

  @Test("is used once by a request or tunnel to the proxy itself, however often that is judged")
  func explicit() throws {
    let scene = try ProxyScene(
      allowlist: rule(80, burst: 3) + "\n" + rule(443, burst: 2), egress: "explicitProxy: true")
    let proxy = ["-x", "http://127.0.0.1:15001"]
    let requests = try (0..<4).map { _ in
      try scene.curl(proxy + ["http://api.example.com/a"]).status
    }
    #expect(requests == [200, 200, 200, 429])
    let tunnels = try (0..<3).map { _ in
      try scene.curl(proxy + ["https://api.example.com/a"]).exit
    }
    #expect(tunnels == [0, 0, 35])
  }

  @Test("is only watched where the rule says so, and one rule can be tried out beside the others")
  func monitored() throws {
    let scene = try ProxyScene(
      allowlist: """
        \(rule(80, burst: 1, ", enforcementMode: monitor, allowedMethods: [GET]"))
        {hostPattern: example.com, port: 80, allowedMethods: [GET]}
        """)
    #expect(try scene.curl("http://api.example.com/a").status == 200)
    #expect(try scene.curl("http://api.example.com/a").status == 200)
    // Its nearest miss is the rule that is watched.
    #expect(try scene.curl("-X", "PUT", "http://api.example.com/a").status != 403)
    // Its nearest miss is the rule that is not.
    #expect(try scene.curl("-X", "PUT", "http://example.com/a").status == 403)
    #expect(try scene.curl("http://other.example.net/").status == 403)
    let (records, _) = try scene.sidecar.drain()
    let said = records.map {
      [
        $0.decision, $0.reason, $0[text: "enforcementMode"],
        $0[number: "enforced"] == 1 ? "enforced" : "passed",
      ].joined(separator: " ")
    }
    #expect(
      said == [
        "allow  monitor enforced", "deny rate-limited monitor passed",
        "deny method-not-allowed monitor passed", "deny method-not-allowed enforce enforced",
        "deny host-not-allowed enforce enforced",
      ])
  }
}
