import Addressing
import Configuration
import Policy
import PolicyAnalysis
import Telemetry

/// An audit log in the making, written by the data plane's own encoder.
struct WrittenLog {
  private(set) var bytes: [UInt8] = []
  private(set) var count = 0

  /// A flow and what was decided about it.
  struct Entry {
    var applicationProtocol = AuditRecord.ApplicationProtocol.tls
    var host = ""
    var address: String? = "203.0.113.7"
    var port: UInt16 = 443
    var method = ""
    var source = "10.1.0.1"
    var rule: String?
    var reason: DenyReason?
    var isEnforced = true
    var direction = AuditRecord.Direction.outbound
    var outcome: AuditRecord.Outcome?
  }

  mutating func add(_ entry: Entry) {
    var encoder = AuditEncoder(workspaceID: "ws")
    var buffer = TextBuffer()
    let destination = entry.address.flatMap { IPAddress($0) }.map {
      OriginalDestination(Endpoint(address: $0, port: entry.port))
    }
    let record = AuditRecord(
      timestampNanoseconds: 1_795_244_400_000_000_000 + UInt64(count) * 1_000_000_000,
      auditID: AuditID(milliseconds: 1_795_244_400_000, random: UInt128(count)), workerID: 0,
      direction: entry.direction, enforcementMode: entry.isEnforced ? .enforce : .monitor,
      enforced: entry.isEnforced, decision: entry.reason == nil ? .allow : .deny,
      reason: entry.reason, matchedRule: entry.rule,
      applicationProtocol: entry.applicationProtocol,
      source: ClientAddress(Endpoint(address: IPAddress(entry.source)!, port: 40000)),
      destination: destination, requestedPort: entry.port,
      outcome: entry.outcome ?? (entry.reason == nil || !entry.isEnforced ? .completed : .denied),
      latencyNanoseconds: 1)
    let (host, method) = (Array(entry.host.utf8), Array(entry.method.utf8))
    encoder.encode(
      record, host: host.span, method: method.span, path: Span(), traceparent: Span(),
      into: &buffer)
    bytes += Array(buffer.description.utf8)
    count += 1
  }

  init(_ entries: [Entry] = []) {
    for entry in entries { add(entry) }
  }

  func scan<Analysis: RecordAnalysis>(_ analysis: Analysis) -> (Analysis, LogAccount) {
    var scan = LogScan(analysis)
    scan.begin("a.log")
    scan.feed(bytes.span)
    scan.end()
    return (scan.analysis, scan.account)
  }

  func replay(_ ruleset: Ruleset) -> [String] {
    let (replay, account) = scan(Replay(ruleset))
    return replay.textLines(account)
  }

  func suggest(minimumSiblings: Int = 3, includesDenied: Bool = false) -> [String] {
    let (suggest, account) = scan(Suggest(includesDenied: includesDenied))
    return suggest.yamlLines(account, minimumSiblings: minimumSiblings)
  }
}

extension Ruleset {
  /// The policy of a document's text, `workspaceId` left out.
  static func reading(_ yaml: String) throws -> Ruleset {
    let document = try Document.parse(Array("workspaceId: ws\n\(yaml)".utf8), file: "c.yaml")
      .document
    return Ruleset(
      rules: document.egress.rules, policies: document.egress.policies,
      enforcementMode: document.enforcementMode)
  }
}
