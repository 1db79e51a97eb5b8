import Foundation
import TestNetwork
import Testing

/// A pod with both programs in it, and a world with web servers: where the proxy's tests play.
///
/// The world has 10.77.2.80 and fd77:2::80 (nginx on 80, 8080, 443 and 8443), 10.77.2.70 and
/// fd77:2::70 (for servers that tests start), and 10.77.2.99, which answers nothing.
final class ProxyScene {
  let network: PodNetwork
  let web: WebServer
  private(set) var sidecar: Sidecar
  /// Servers live as long as the scene, whether or not a test looks at them.
  private var servers: [RunningProcess] = []
  let document: String

  static let web4 = "10.77.2.80"
  static let web6 = "fd77:2::80"
  static let raw4 = "10.77.2.70"
  static let raw6 = "fd77:2::70"
  static let silent4 = "10.77.2.99"

  static let names = [
    "api.example.com", "example.com", "www.example.com", "a.b.example.com", "other.example.net",
  ]

  /// Both families, for `arguments:`.
  static let families = ["-4", "-6"]
  static func raw(_ family: String) -> String { family == "-4" ? raw4 : raw6 }
  static func web(_ family: String) -> String { family == "-4" ? web4 : web6 }

  /// - Parameters:
  ///   - allowlist: the rules, one flow mapping per line: `{hostPattern: "*", port: 80}`.
  ///   - limits: what goes into `limits: {…}`.
  ///   - wrapping: a command that the sidecar is started through.
  ///   - egress: other keys of `egress`, one per line.
  ///   - resolvers: whom the pod asks for names beyond its own `/etc/hosts`.
  ///   - top: other keys of the document, one per line.
  init(
    allowlist: String, limits: String = "", workers: Int = 1, wrapping: [String] = [],
    egress: String = "", resolvers: [String] = [], top: String = ""
  ) throws {
    network = try PodNetwork()
    try network.serve(Self.web4, Self.web6, Self.raw4, Self.raw6)
    try network.pod.names(
      Dictionary(uniqueKeysWithValues: Self.names.map { ($0, [Self.web4, Self.web6]) }),
      resolvers: resolvers)
    web = try WebServer(
      in: network.world, names: Self.names, addresses: [Self.web4, Self.web6], plain: [80, 8080],
      tls: [443, 8443])
    document = """
      workspaceId: ws-test
      workers: \(workers)
      \(top)
      egress:
        \(egress)
        allowlist: [\(allowlist.split(separator: "\n").joined(separator: ", "))]
      limits: {\(limits)}
      capture: {resolvers: [10.77.2.53]}
      """
    try InitContainer.run("apply", in: network.pod, document: document).checked()
    sidecar = try Sidecar(in: network.pod, document: document, wrapping: wrapping)
  }

  /// Starts another sidecar in the place of one that has ended.
  func restart() throws { sidecar = try Sidecar(in: network.pod, document: document) }

  /// Ends the sidecar and starts one in its place that reads its configuration where the test can
  /// change it.
  func restart(
    reading path: String, options: [String] = [], environment: [String: String] = [:]
  ) throws {
    sidecar.process.stop()
    sidecar = try Sidecar(
      in: network.pod, reading: path, options: options, environment: environment)
  }

  // MARK: What the workload does

  /// The workload's curl: the status it got (0 for none), the body, its exit status and complaint.
  struct Answer {
    let status: Int
    let body: String
    let exit: Int32
    let errors: String

    /// - Parameter finished: a curl that was told to end its output with a line that holds the status.
    init(_ finished: Finished) {
      let body = finished.output.split(separator: "\n", omittingEmptySubsequences: false)
      status = body.last.flatMap { Int($0) } ?? 0
      self.body = body.dropLast().joined(separator: "\n")
      exit = finished.status
      errors = finished.errors
    }

    /// A field of a JSON body that is text.
    func field(_ key: String) -> String? {
      (try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])?[key] as? String
    }
  }

  func curl(_ arguments: String...) throws -> Answer { try curl(arguments) }

  func curl(_ arguments: [String]) throws -> Answer {
    let finished = try network.pod.run(
      [
        "curl", "-sS", "--max-time", "20", "--cacert", CertificateAuthority.certificatePath, "-w",
        "\n%{http_code}",
      ] + arguments, as: .workload)
    return Answer(finished)
  }

  /// What a scripted peer or client says it saw: one JSON object.
  struct Seen: Equatable, CustomStringConvertible {
    let received: String
    let ended: String
    var description: String { "\(received.debugDescription), then \(ended)" }
  }

  /// The workload connects and does as told, see Scripts/peer.py.
  func connect(_ address: String, _ port: Int, _ steps: String...) throws -> Seen {
    let finished = try network.pod.run(
      ["/usr/bin/python3", Scratch.script("peer.py"), "connect", address, "\(port)"] + steps,
      as: .workload
    ).checked()
    return try Self.seen(finished.lines.last ?? "")
  }

  /// The workload's TLS client, see Scripts/tls_client.py: its line, decoded.
  func tls(_ address: String, _ port: Int, _ options: [String]) throws -> [String: String] {
    let finished = try network.pod.run(
      ["/usr/bin/python3", Scratch.script("tls_client.py"), address, "\(port)"] + options,
      as: .workload
    ).checked()
    return try Self.fields(finished.lines.last ?? "")
  }

  // MARK: What the world does

  /// A server in the world that does as told with every connection.
  @discardableResult
  func listen(_ address: String, _ port: Int, _ steps: String...) throws -> RunningProcess {
    try listen(address, port, steps)
  }

  @discardableResult
  func listen(_ address: String, _ port: Int, _ steps: [String]) throws -> RunningProcess {
    let server = try network.world.start(
      ["/usr/bin/python3", Scratch.script("peer.py"), "listen", address, "\(port)"] + steps)
    try server.waitForLine("ready") { $0 == "ready" }
    servers.append(server)
    return server
  }

  /// What a server of `listen` saw of its first connection.
  func seen(by server: RunningProcess) throws -> Seen {
    try Self.seen(server.waitForLines(2)[1])
  }

  static func seen(_ line: String) throws -> Seen {
    let fields = try fields(line)
    return Seen(received: fields["received"] ?? "", ended: fields["ended"] ?? "nothing")
  }

  /// A JSON object's texts and numbers as text.
  static func fields(_ line: String) throws -> [String: String] {
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    return object.compactMapValues { value in
      if let number = value as? NSNumber { return number.stringValue }
      return value as? String
    }
  }

  // MARK: What must have been recorded

  /// Ends the sidecar and expects exactly these audit records, in this order, each with at least
  /// these fields.
  func expectRecords(
    _ expected: [String: String]..., sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let (records, status) = try sidecar.drain()
    #expect(status == 0, sourceLocation: sourceLocation)
    Self.expect(records, expected, sourceLocation: sourceLocation)
  }

  static func expect(
    _ records: [AuditRecord], _ expected: [[String: String]],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(
      records.count == expected.count, "\(records.map(\.line).joined(separator: "\n"))",
      sourceLocation: sourceLocation)
    for (record, fields) in zip(records, expected) {
      for (key, value) in fields {
        #expect(
          record.shown(key) == value, "\(key) of \(record)", sourceLocation: sourceLocation)
      }
    }
  }
}

extension AuditRecord {
  /// A field as text, whatever its type; empty where it is absent or null.
  func shown(_ key: String) -> String {
    if let number = self[number: key] { return "\(Int(number))" }
    return self[text: key]
  }
}

/// The fields of an audit record that most tests ask for.
func allowed(
  _ flowProtocol: String, host: String? = nil, rule: String? = nil, status: Int? = nil,
  outcome: String = "completed"
) -> [String: String] {
  var fields = [
    "policyDecision": "allow", "protocol": flowProtocol, "outcome": outcome, "enforced": "1",
    "workspaceId": "ws-test", "direction": "outbound",
  ]
  fields["destinationHost"] = host
  fields["matchedRule"] = rule
  fields["responseStatus"] = status.map(String.init)
  return fields
}

/// See `allowed`.
func denied(
  _ flowProtocol: String?, _ reason: String, host: String? = nil, outcome: String = "denied"
) -> [String: String] {
  var fields = [
    "policyDecision": "deny", "policyReason": reason, "outcome": outcome, "enforced": "1",
    "workspaceId": "ws-test", "direction": "outbound",
  ]
  fields["protocol"] = flowProtocol
  fields["destinationHost"] = host
  return fields
}
