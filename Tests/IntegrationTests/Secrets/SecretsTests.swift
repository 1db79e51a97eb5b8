import Foundation
import TestNetwork
import Testing

/// Secrets are fed in wherever there is a place for them; nothing that the sidecar says of itself,
/// of connections or of its document holds one.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct SecretsTests {
  /// In every secret, as it stands and as `user:` and it in base64.
  static let mark = "s3cr3t\(UUID().uuidString.prefix(8))"
  static let encoded = Data("user:\(mark)".utf8).base64EncodedString()

  /// The parts of `text` around what must not be in it.
  static func leaks(in text: String) -> [String] {
    [mark, encoded].flatMap { secret in
      text.components(separatedBy: secret).dropLast().map { "…\($0.suffix(120))\(secret)" }
    }
  }

  static let rules = """
    {name: api, hostPattern: "api.example.com", allowedMethods: [GET, POST]}
    {name: tls, hostPattern: "api.example.com", port: 443}
    {name: dead, hostPattern: 10.77.2.70, port: 81}
    """

  static func document(audit: String = "") -> String {
    ReloadScene.document(
      rules, top: "enforcementMode: enforce\n\(audit)", egress: "explicitProxy: true")
  }

  /// Documents that hold a secret where none belongs.
  static var spoilt: [String] {
    let start = "workspaceId: ws-test\n"
    let encoded = Data("{\"alg\":\"HS256\"}".utf8).base64EncodedString().replacing("=", with: "")
    return [
      start + "token: {clientSecret: \(mark)}\n",
      start + "egress: {allowlist: [{hostPattern: \"https://user:\(mark)@api.example.com\"}]}\n",
      start + "dbPassword: \(mark)\n",
      start + "apiKey: [\(mark)]\n",
      "workspaceId: \(encoded).eyJ\(mark).\(mark)\n",
      "workspaceId: |\n  -----BEGIN PRIVATE KEY-----\n  \(mark)\n  -----END PRIVATE KEY-----\n",
      start + "capture: {clientSecret: \(mark)",
      // Another file than was meant, which may be a secret as a whole.
      "\(mark)\n", "- \(mark)\n", "\(mark)\u{0}\u{1}\n", "\u{fffe}\(mark)",
    ]
  }

  @Test(arguments: ["trace", "debug", "info", "notice", "warning", "error", "critical"])
  func `no log, record or answer holds one`(level: String) throws {
    let proxy = try ProxyScene(allowlist: Self.rules)
    let volume = try Volume()
    // Half of the runs write the audit to a file.
    let file = Scratch.makeDirectory("audit") + "/records"
    let usesFile = ["trace", "info", "warning"].contains(level)
    let document = Self.document(audit: usesFile ? "audit: {sink: \(file)}" : "")
    try volume.swap(document)
    try proxy.restart(
      reading: volume.path("config.yaml"), options: ["--log-level", level],
      environment: ["API_TOKEN": "\(Self.mark)-environment"])
    let sidecar = proxy.sidecar.process

    let workload = try proxy.network.pod.run(
      [
        "/usr/bin/python3", Scratch.script("telltale.py"), Self.mark, ProxyScene.web4,
        ProxyScene.raw4,
      ], as: .workload, timeout: 60
    ).checked()
    #expect(workload.lines.last == "done")
    // They were fed: the server saw some of them.
    #expect(try proxy.web.requests(atLeast: 1).contains { $0.uri.contains(Self.mark) })

    for (index, spoilt) in Self.spoilt.enumerated() {
      try volume.swap(spoilt)
      sidecar.signal(SIGHUP)
      // Each is read; at `critical` nobody says so.
      guard level != "critical" else { continue }
      try sidecar.wait(for: "what is wrong with it") {
        Self.failures(in: $0.errors) > index ? () : nil
      }
    }
    var said = try answers(in: proxy.network.pod)
    try volume.swap(document + "\n")
    sidecar.signal(SIGHUP)
    said += try answers(in: proxy.network.pod)

    let (records, status) = try proxy.sidecar.drain(fromFile: usesFile ? file : nil)
    #expect(status == 0)
    Self.expectCoverage(records)
    for record in records { #expect(Self.leaks(in: record.line) == []) }
    #expect(Self.leaks(in: sidecar.errors) == [])
    #expect(Self.leaks(in: said) == [])
    #expect(sidecar.output.isEmpty == usesFile)
  }

  private static func failures(in log: String) -> Int {
    log.components(separatedBy: "the configuration changed nothing").count - 1
  }

  /// Every way in which an input ends has a record.
  private static func expectCoverage(_ records: [AuditRecord]) {
    let reasons = Set(records.map(\.reason))
    for reason in [
      "", "host-not-allowed", "method-not-allowed", "malformed-request", "ambiguous-host",
      "opaque-protocol", "malformed-client-hello",
    ] {
      #expect(reasons.contains(reason), "\(reasons)")
    }
    let outcomes = Set(records.map(\.outcome))
    for outcome in ["completed", "denied", "upstream-failed"] {
      #expect(outcomes.contains(outcome), "\(outcomes)")
    }
  }

  /// Method, target and body of requests to the admin and health ports.
  private static let requests: [(method: String, target: String, body: String)] = [
    ("GET", "healthz?token=\(mark)-admin", ""), ("GET", "readyz?token=\(mark)-admin", ""),
    ("GET", "status?token=\(mark)-admin", ""), ("GET", "metrics?token=\(mark)-admin", ""),
    ("GET", "config?token=\(mark)-admin", ""), ("GET", "denials", ""),
    ("GET", "denials?host=\(mark)", ""), ("GET", "denials?sourcePort=\(mark)", ""),
    ("GET", "denials?reason=\(mark)", ""), ("GET", "denials?\(mark)=\(mark)", ""),
    ("GET", "denials?\(mark)&\(mark)", ""), ("GET", "\(mark)?\(mark)", ""),
    ("PUT", "loglevel", "\(mark)-level"), ("PUT", "loglevel?level=\(mark)", ""),
    ("PUT", "status", "\(mark)-body"), ("GET", "drain?\(mark)", ""),
  ]

  /// Whatever the admin and health ports say, to requests that hold secrets themselves.
  private func answers(in pod: NetworkNamespace) throws -> String {
    var said = ""
    for port in [15000, 15021] {
      for request in Self.requests {
        let body = request.body.isEmpty ? [] : ["-d", request.body]
        said += try pod.run(
          [
            "curl", "-sS", "-i", "--max-time", "5", "-X", request.method, "-u",
            "user:\(Self.mark)", "-H", "x-secret: \(Self.mark)-admin", "-b",
            "c=\(Self.mark)-admin",
          ] + body + ["http://127.0.0.1:\(port)/\(request.target)"]
        ).output
      }
    }
    for answer in ["HTTP/1.1 200 OK", "HTTP/1.1 400", "HTTP/1.1 404", "HTTP/1.1 405"] {
      #expect(said.contains(answer))
    }
    for content in ["ws-test", "other.example.net", "portarium_denied_total"] {
      #expect(said.contains(content))
    }
    return said
  }

  @Test(arguments: ["run", "validate", "check"])
  func `no command shows one of its document`(command: String) throws {
    for spoilt in Self.spoilt {
      let path = Scratch.file("config.yaml", spoilt)
      let target = command == "check" ? ["https://api.example.com/"] : []
      let finished = try RunningProcess(
        [try Binary.sidecar.path, command, "--config", path] + target,
        environment: ["API_TOKEN": "\(Self.mark)-environment"]
      ).wait()
      #expect(finished.status == 2, "\(spoilt)")
      #expect(!finished.errors.isEmpty)
      #expect(Self.leaks(in: finished.output + finished.errors) == [], "\(spoilt)")
    }
  }

  @Test func `no complaint about the environment or a flag shows one`() throws {
    let path = Scratch.file("config.yaml", Self.document())
    let program = try Binary.sidecar.path
    let finished = try RunningProcess(
      [program, "run", "--config", path],
      environment: ["PORTARIUM_LOG_LEVEL": "\(Self.mark)-level"]
    ).wait()
    #expect(finished.status == 2)
    #expect(Self.leaks(in: finished.output + finished.errors) == [])
  }
}
