import Foundation
import TestNetwork
import Testing

/// What `/metrics` says after mixed traffic, what Prometheus' own linter says of that, and whether the
/// dashboard and the alerts ask for what there is.
@Suite("Metrics", .serialized, .enabled(if: Requirement.promtool))
struct MetricsTests {
  static let observability = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("infra/observability")

  static let rules = """
    {name: api, hostPattern: "api.example.com", ports: [80, 443]}
    {name: 'quote"back\\slash', hostPattern: "*.example.com", port: 80}
    {hostPattern: 10.77.2.70, port: 9000}
    {name: post, hostPattern: "other.example.net", allowedMethods: [POST]}
    """

  /// Requests and connections of each kind, and what the sidecar tells of them.
  private func scrapeAfterTraffic() throws -> (scene: ProxyScene, text: String) {
    let scene = try ProxyScene(allowlist: Self.rules, workers: 2)
    for _ in 1...3 { #expect(try scene.curl("http://api.example.com/").status == 200) }
    #expect(try scene.curl("https://api.example.com/").status == 200)
    #expect(try scene.curl("http://www.example.com/").status == 200)
    #expect(try scene.curl("http://example.com/").status == 403)
    #expect(try scene.curl("http://other.example.net/").status == 403)
    #expect(try scene.curl("https://www.example.com/").exit != 0)
    // Allowed, and nobody listens there.
    #expect(try scene.connect(ProxyScene.raw4, 9000, "send:x", "end").ended != "nothing")
    return (scene, try scrape(scene))
  }

  private func scrape(_ scene: ProxyScene) throws -> String {
    try scene.network.pod.run(
      ["curl", "-sS", "--fail", "http://127.0.0.1:15021/metrics"], as: .workload
    ).checked().output
  }

  private func promtool(_ arguments: String..., input: String = "") throws -> Finished {
    try RunningProcess(["promtool"] + arguments, input: Data(input.utf8)).wait()
  }

  /// Samples by name and labels.
  private func samples(_ text: String) -> [String: Double] {
    var found: [String: Double] = [:]
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      guard let space = line.lastIndex(of: " ") else { continue }
      found[String(line[..<space])] = Double(line[line.index(after: space)...])
    }
    return found
  }

  @Test("Prometheus' linter finds nothing to say of them")
  func lint() throws {
    let (_, text) = try scrapeAfterTraffic()
    let finished = try promtool("check", "metrics", input: text)
    #expect(finished.status == 0)
    #expect(finished.output + finished.errors == "")
  }

  @Test("Agree with the audit records")
  func agree() throws {
    let (scene, text) = try scrapeAfterTraffic()
    let samples = samples(text)
    let (records, _) = try scene.sidecar.drain()
    let allowed = records.filter { $0[text: "policyDecision"] == "allow" }
    #expect(samples["portarium_allowed_total"] == Double(allowed.count))
    for reason in Set(records.map { $0[text: "policyReason"] }) where reason != "" {
      let count = records.filter { $0[text: "policyReason"] == reason }.count
      #expect(samples["portarium_denied_total{reason=\"\(reason)\"}"] == Double(count))
      #expect(samples["portarium_would_deny_total{reason=\"\(reason)\"}"] == 0)
    }
    #expect(samples["portarium_audit_records_total"] == Double(records.count))
    let requests = records.filter { $0[text: "protocol"] == "http" }.count
    #expect(samples["portarium_request_seconds_count"] == Double(requests))
    #expect(samples["portarium_decision_seconds_count"] == Double(records.count))
    // Five answers came from servers; the port on which nobody listens took no connection.
    #expect(samples["portarium_connect_seconds_count"] == 5)
    #expect(samples["portarium_upstream_failures_total"] == 1)
    let hits = { (rule: String) in
      samples["portarium_rule_hits_total{policy=\"\",rule=\"\(rule)\"}"]
    }
    #expect(hits("api") == 4)
    #expect(hits(#"quote\"back\\slash"#) == 1)
    #expect(hits("10.77.2.70") == 1)
    #expect(hits("post") == 0)
    #expect(hits("") == 0)
    #expect(samples["portarium_state{state=\"ready\"}"] == 1)
    #expect(samples["portarium_egress_rules"] == 4)
    #expect(samples["portarium_workers"] == 2)
    #expect(try #require(samples["process_resident_memory_bytes"]) > 1_000_000)
    #expect(try #require(samples["process_open_fds"]) > 10)
    #expect(try #require(samples["process_threads"]) >= 4)
  }

  @Test("Hits go on over a reload, and rules that are gone leave no series")
  func reload() throws {
    let reloaded = try ReloadScene(Self.rules)
    let scene = reloaded.proxy
    #expect(try scene.curl("http://api.example.com/").status == 200)
    #expect(try scene.curl("http://www.example.com/").status == 200)
    let rules = Self.rules.replacing(
      #"{name: 'quote"back\slash', hostPattern: "*.example.com", port: 80}"#,
      with: #"{name: new, hostPattern: "www.example.com"}"#)
    try #require(rules != Self.rules)
    try reloaded.change(reloaded.document(rules), .swapped, expecting: .tookEffect)
    #expect(try scene.curl("http://api.example.com/").status == 200)
    #expect(try scene.curl("http://www.example.com/").status == 200)
    let samples = try samples(scrape(scene))
    #expect(samples[#"portarium_rule_hits_total{policy="",rule="api"}"#] == 2)
    #expect(samples[#"portarium_rule_hits_total{policy="",rule="new"}"#] == 1)
    #expect(!samples.keys.contains { $0.contains("quote") })
    #expect(samples[#"portarium_config_reloads_total{result="success"}"#] == 1)
  }

  @Test("The dashboard and the alerts ask for nothing that isn't there")
  func asked() throws {
    let (_, text) = try scrapeAfterTraffic()
    let names = Set(samples(text).keys.map { String($0.prefix { $0 != "{" }) })
    for file in ["grafana-dashboard.json", "alerts.yaml"] {
      let expressions = try String(
        contentsOf: Self.observability.appendingPathComponent(file), encoding: .utf8)
      let asked = Set(
        expressions.matches(of: /\b(portarium|process)_[a-z_]+\b/).map { String($0.output.0) })
      #expect(asked.count > 15)
      #expect(asked.subtracting(names) == [], "\(file)")
    }
    // Nor is anything left out: what is counted is shown somewhere.
    let families = Set(
      text.split(separator: "\n").filter { $0.hasPrefix("# TYPE portarium_") }
        .map { String($0.split(separator: " ")[2]) })
    let dashboard = try String(
      contentsOf: Self.observability.appendingPathComponent("grafana-dashboard.json"),
      encoding: .utf8)
    let unshown: Set = ["portarium_workers", "portarium_policy_loaded_timestamp_seconds"]
    #expect(families.filter { !dashboard.contains($0) } == unshown)
  }

  @Test("The alerts are rules, and fire on what they are for")
  func alerts() throws {
    let folder = Self.observability
    for (verb, file) in [("check", "alerts.yaml"), ("test", "alerts_test.yaml")] {
      let finished = try promtool(
        verb, "rules", folder.appendingPathComponent(file).path)
      #expect(finished.status == 0, "\(finished.output)\(finished.errors)")
    }
  }

  @Test("The documentation names each, and no other")
  func documented() throws {
    let (_, text) = try scrapeAfterTraffic()
    let families = Set(
      text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
        .map { String($0.split(separator: " ")[2]) })
    let page = try String(
      contentsOf: Self.observability.appendingPathComponent("../../docs/operations.md"),
      encoding: .utf8)
    let named = Set(
      page.split(separator: "\n").filter {
        $0.hasPrefix("| `portarium_") || $0.hasPrefix("| `process_")
      }
      .flatMap { $0.matches(of: /`((?:portarium|process)_[a-z_]+)/).map { String($0.output.1) } })
    #expect(named == families)
  }
}
