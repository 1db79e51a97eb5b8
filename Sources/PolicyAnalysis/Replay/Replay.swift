internal import Addressing
package import Policy
package import Telemetry

/// The `replay` command: what another policy would have said to the flows of an audit log.
///
/// Holds one entry for each way in which a flow's verdict changes, however many records show it.
package struct Replay: RecordAnalysis {
  /// Further kinds of flips are counted together: a log can be made of nothing else.
  static let maximumGroups = 100_000

  /// Flips that are alike but for their source, path and time.
  struct Flip: Hashable {
    var applicationProtocol: AuditRecord.ApplicationProtocol
    var host: HostID
    var port: UInt16
    /// Number of the method's text; nil where it isn't seen.
    var method: UInt32?
    var was: Judgement
    /// Number of the name of the rule that allowed it.
    var wasRule: UInt32?
    var now: Judgement
  }

  struct Group {
    var count = 0
    /// Of the first record that shows it.
    let auditID: AuditID?
  }

  let ruleset: Ruleset
  var texts = TextPool()
  private(set) var groups: [Flip: Group] = [:]
  private(set) var notReplayed: [NotReplayable: Int] = [:]
  private(set) var replayed = 0
  private(set) var flips = 0
  /// Those of `flips` that are in no group.
  private(set) var ungroupedFlips = 0
  /// The same verdict, for another reason or by another rule.
  private(set) var moved = 0

  package init(_ ruleset: Ruleset) { self.ruleset = ruleset }

  /// 2 where a line was no record, else 1 where a verdict flips.
  package func exitCode(_ account: LogAccount) -> Int32 {
    account.badLineCount > 0 ? 2 : flips > 0 ? 1 : 0
  }

  package mutating func note(_ entry: AuditEntry, _ reader: borrowing AuditReader) {
    let flow: RecordedFlow
    do throws(NotReplayable) {
      flow = try RecordedFlow(entry, reader)
    } catch {
      notReplayed[error, default: 0] += 1
      return
    }
    replayed += 1
    let now = ruleset.judge(flow)
    let was = Judgement(entry)
    guard was.effect != now.effect else {
      if was.reason != now.reason || !isRule(now.rule, reader.bytes(of: entry.matchedRule)) {
        moved += 1
      }
      return
    }
    flips += 1
    let flip = Flip(
      applicationProtocol: entry.applicationProtocol ?? .tcp, host: texts.host(of: flow),
      port: flow.port,
      method: entry.method.isEmpty ? nil : texts.number(of: reader.bytes(of: entry.method)),
      was: was,
      wasRule: entry.matchedRule.isEmpty
        ? nil : texts.number(of: reader.bytes(of: entry.matchedRule)),
      now: now)
    if groups[flip] == nil, groups.count == Self.maximumGroups {
      ungroupedFlips += 1
    } else {
      groups[flip, default: Group(auditID: entry.auditID)].count += 1
    }
  }

  /// Whether the rule at this place has the recorded name; no rule has none.
  private func isRule(_ index: Int?, _ name: Span<UInt8>) -> Bool {
    guard let index else { return name.isEmpty }
    let expected = ruleset.ruleName(index).utf8.span
    guard expected.count == name.count else { return false }
    for index in name.indices where name[index] != expected[index] { return false }
    return true
  }
}

extension Judgement {
  /// What the record says; the rule's place is not known.
  init(_ entry: AuditEntry) {
    switch entry.decision {
    case .allow: self.init(effect: .allow)
    case .deny: self.init(effect: entry.enforced ? .deny : .monitor, reason: entry.reason)
    }
  }
}

extension TextPool {
  /// The flow's name or, where it has none, its address.
  mutating func host(of flow: RecordedFlow) -> HostID {
    if let name = flow.name { return .name(number(of: name.bytes)) }
    guard case .destination(let destination) = flow.target else { return .name(number(of: Span())) }
    return .address(destination.endpoint.address)
  }

  func host(_ id: HostID, port: UInt16) -> String {
    switch id {
    case .name(let number): "\(text(number)):\(port)"
    case .address(let address): "\(Endpoint(address: address, port: port))"
    }
  }
}
