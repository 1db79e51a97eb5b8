internal import Addressing
package import Policy
package import Telemetry

/// The `suggest` command: the smallest allowlist that people can read and that admits what an audit
/// log shows.
///
/// Holds one entry for each host, port and method, however many records show it.
package struct Suggest: RecordAnalysis {
  /// More distinct flows than this are not covered, and counted.
  package static let maximumFlows = 1_000_000

  /// What was seen of a flow.
  enum Content: Hashable {
    case http(method: UInt32)
    /// TLS, or anything else whose method can't be seen.
    case hidden
    /// A CONNECT to the proxy itself, for which methods don't count.
    case tunnel
  }

  struct FlowKey: Hashable {
    var host: HostID
    var port: UInt16
    var content: Content
  }

  /// Whether flows that were refused are covered too.
  private let includesDenied: Bool
  /// What this policy allows needs no rule.
  private let existing: Ruleset?
  private(set) var texts = TextPool()
  private(set) var flows: [FlowKey: Evidence] = [:]
  private(set) var notCovered: [String: Int] = [:]
  private(set) var alreadyAllowed = 0
  package private(set) var hasTooManyFlows = false

  package init(includesDenied: Bool = false, existing: Ruleset? = nil) {
    self.includesDenied = includesDenied
    self.existing = existing
  }

  /// 2 where a line was no record, or there were more flows than can be held.
  package func exitCode(_ account: LogAccount) -> Int32 {
    account.badLineCount > 0 || hasTooManyFlows ? 2 : 0
  }

  package mutating func note(_ entry: AuditEntry, _ reader: borrowing AuditReader) {
    do throws(NotReplayable) {
      let flow = try RecordedFlow(entry, reader)
      if let existing, existing.judge(flow).effect == .allow {
        alreadyAllowed += 1
        return
      }
      try cover(flow, entry)
    } catch {
      notCovered[error.label, default: 0] += 1
    }
  }

  private mutating func cover(
    _ flow: RecordedFlow, _ entry: AuditEntry
  ) throws(NotReplayable) {
    if entry.decision == .deny, let reason = entry.reason {
      // No rule that is suggested admits an encrypted hello behind a front, or a captured CONNECT.
      guard includesDenied || !entry.enforced, reason != .encryptedClientHello,
        !flow.content.isConnect
      else { throw .reason(reason) }
    }
    let evidence = Evidence(entry.timestampNanoseconds)
    let content: Content =
      switch flow.content {
      case .http(let method): .http(method: texts.number(of: method.bytes))
      case .tunnel: .tunnel
      case .tls, .opaque, .silent: .hidden
      }
    let tunnelName: HostName? =
      if case .tunnel = flow.content { flow.name } else { flow.tunnel ?? nil }
    guard case .destination(let destination) = flow.target else {
      return add(texts.host(of: flow), flow.port, content, evidence)
    }
    let address = destination.endpoint.address
    let isForbidden = ForbiddenAddress(address) != nil
    // Whoever answers for a name chose where it leads: that is for a person to allow.
    if isForbidden, entry.decision == .deny { throw .reason(.forbiddenAddress) }
    let host = isForbidden ? .address(address) : texts.host(of: flow)
    add(host, flow.port, content, evidence)
    // What a tunnel carries may go by its address: its CONNECT needs the name all the same.
    if let tunnelName, case .address = host {
      add(.name(texts.number(of: tunnelName.bytes)), flow.port, .tunnel, evidence)
    }
  }

  private mutating func add(
    _ host: HostID, _ port: UInt16, _ content: Content, _ evidence: Evidence
  ) {
    let key = FlowKey(host: host, port: port, content: content)
    if flows[key] == nil, flows.count >= Self.maximumFlows {
      hasTooManyFlows = true
      notCovered["too-many-flows", default: 0] += 1
      return
    }
    flows[key, default: .none].merge(evidence)
  }
}

/// What speaks for a rule.
struct Evidence {
  var count: Int
  /// Nanoseconds since the Unix epoch.
  private(set) var first: UInt64
  private(set) var last: UInt64

  static let none = Evidence(count: 0, first: .max, last: 0)

  init(_ time: UInt64) { self.init(count: 1, first: time, last: time) }

  private init(count: Int, first: UInt64, last: UInt64) {
    self.count = count
    self.first = first
    self.last = last
  }

  mutating func merge(_ other: Evidence) {
    count += other.count
    first = min(first, other.first)
    last = max(last, other.last)
  }
}
