internal import Addressing
internal import Policy
internal import Telemetry

extension Replay {
  /// The flips in the order in which they are shown: the most frequent first.
  private var sortedGroups: [(flip: Flip, group: Group)] {
    groups.map { (flip: $0.key, group: $0.value, host: texts.host($0.key.host, port: $0.key.port)) }
      .sorted { a, b in
        if a.group.count != b.group.count { return a.group.count > b.group.count }
        if a.host != b.host { return a.host < b.host }
        return before(a.flip, b.flip)
      }.map { ($0.flip, $0.group) }
  }

  /// An order among the flips of one host, so that two runs show the same.
  private func before(_ a: Flip, _ b: Flip) -> Bool {
    func key(_ flip: Flip) -> [String] {
      [
        flip.applicationProtocol.rawValue, flip.method.map(texts.text) ?? "",
        wasText(flip), nowText(flip),
      ]
    }
    return key(a).lexicographicallyPrecedes(key(b))
  }

  private var sortedNotReplayed: [(label: String, count: Int)] {
    notReplayed.map { ($0.key.label, $0.value) }.sorted {
      $0.1 == $1.1 ? $0.0 < $1.0 : $0.1 > $1.1
    }
  }

  private func wasText(_ flip: Flip) -> String {
    flip.was.text(rule: flip.wasRule.map(texts.text))
  }

  private func nowText(_ flip: Flip) -> String {
    flip.now.text(rule: flip.now.rule.map(ruleset.ruleName))
  }

  /// A summary, a table of the flips and what was not replayed.
  package func textLines(_ account: LogAccount) -> [String] {
    var lines = [
      "\(countText(account.records, "record")): \(countText(replayed)) replayed, "
        + "\(countText(flips)) "
        + (flips == 1 ? "verdict flips" : "verdicts flip")
        + (moved > 0 ? ", \(countText(moved)) by another rule or for another reason" : "")
    ]
    if !groups.isEmpty {
      var table = TextTable(["COUNT", "FLOW", "WAS", "NOW"], rightAligned: [0])
      for (flip, group) in sortedGroups {
        let method = flip.method.map { texts.text($0).printable + " " } ?? ""
        table.add([
          countText(group.count),
          "\(flip.applicationProtocol.rawValue) \(method)\(texts.host(flip.host, port: flip.port))",
          wasText(flip), nowText(flip),
        ])
      }
      lines += [""] + table.lines
    }
    if ungroupedFlips > 0 { lines.append("and \(countText(ungroupedFlips)) more, of other flows") }
    if !notReplayed.isEmpty {
      var table = TextTable(["COUNT", "NOT REPLAYED"], rightAligned: [0])
      for (label, count) in sortedNotReplayed { table.add([countText(count), label]) }
      lines += [""] + table.lines
    }
    return lines
  }

  /// One object on one line.
  package func json(_ account: LogAccount) -> String {
    var object = JSONObject()
    object.add("records", account.records)
    object.add("replayed", replayed)
    object.add("flips", flips)
    object.add("moved", moved)
    object.add("groups", sortedGroups.map { json($0.flip, $0.group) })
    if ungroupedFlips > 0 { object.add("ungroupedFlips", ungroupedFlips) }
    object.add("notReplayed", counts: sortedNotReplayed)
    object.add(account)
    return object.text
  }

  private func json(_ flip: Flip, _ group: Group) -> JSONObject {
    var object = JSONObject()
    object.add("count", group.count)
    object.add("protocol", flip.applicationProtocol.rawValue)
    switch flip.host {
    case .name(let number): object.add("destinationHost", texts.text(number))
    case .address(let address): object.add("destinationAddress", address.description)
    }
    object.add("destinationPort", Int(flip.port))
    if let method = flip.method { object.add("httpMethod", texts.text(method)) }
    object.add("was", flip.was.json(rule: flip.wasRule.map(texts.text), policy: nil))
    object.add(
      "now",
      flip.now.json(
        rule: flip.now.rule.map(ruleset.ruleName),
        policy: flip.now.rule.flatMap { ruleset.policyName(ofRule: $0) }))
    if let auditID = group.auditID { object.add("auditId", auditID.description) }
    return object
  }
}

extension Judgement {
  /// `allow github`, `deny host-not-allowed`, `deny host-not-allowed (let pass)`
  fileprivate func text(rule: String?) -> String {
    switch effect {
    case .allow: "allow" + (rule.map { " by \($0.printable)" } ?? "")
    case .deny: "deny \(reason?.rawValue ?? "")"
    case .monitor: "deny \(reason?.rawValue ?? "") (let pass)"
    }
  }

  fileprivate func json(rule: String?, policy: String?) -> JSONObject {
    var object = JSONObject()
    object.add("policyDecision", effect == .allow ? "allow" : "deny")
    object.add("enforced", effect != .monitor)
    if let reason { object.add("policyReason", reason.rawValue) }
    if let rule { object.add("matchedRule", rule) }
    if let policy { object.add("policy", policy) }
    return object
  }
}

extension JSONObject {
  /// What was no record.
  mutating func add(_ account: LogAccount) {
    add("partialLines", account.partialLines)
    add("badLines", account.badLineCount)
  }
}
