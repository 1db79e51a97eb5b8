internal import Addressing
internal import Telemetry

extension Suggest {
  /// A part of a document, as YAML: each rule with what speaks for it.
  package func yamlLines(_ account: LogAccount, minimumSiblings: Int = 3) -> [String] {
    let list = SuggestedAllowlist(self, minimumSiblings: minimumSiblings)
    var lines = ["# " + summary(account, list)]
    for (label, count) in sortedNotCovered {
      lines.append("# not covered: \(label) (\(countText(count)))")
    }
    lines.append("egress:")
    guard !list.entries.isEmpty else { return lines + ["  allowlist: []"] }
    lines.append("  allowlist:")
    for entry in list.entries { lines += entry.yamlLines.map { "    " + $0 } }
    return lines
  }

  /// One object on one line.
  package func json(_ account: LogAccount, minimumSiblings: Int = 3) -> String {
    let list = SuggestedAllowlist(self, minimumSiblings: minimumSiblings)
    var object = JSONObject()
    object.add("records", account.records)
    if alreadyAllowed > 0 { object.add("alreadyAllowed", alreadyAllowed) }
    object.add("allowlist", list.entries.map(\.json))
    object.add("notCovered", counts: sortedNotCovered)
    object.add(account)
    return object.text
  }

  private func summary(_ account: LogAccount, _ list: SuggestedAllowlist) -> String {
    let times = account.times.map {
      " from \(timeText($0.lowerBound)) to \(timeText($0.upperBound))"
    }
    let allowed = alreadyAllowed > 0 ? "; \(countText(alreadyAllowed)) are allowed already" : ""
    return "\(countText(list.entries.count, "rule")) for \(countText(account.records, "record"))"
      + "\(times ?? "")\(allowed)"
  }

  private var sortedNotCovered: [(label: String, count: Int)] {
    notCovered.map { ($0.key, $0.value) }.sorted { $0.1 == $1.1 ? $0.0 < $1.0 : $0.1 > $1.1 }
  }
}

extension SuggestedAllowlist.Entry {
  private static let shownHosts = 5

  var pattern: String {
    switch host {
    case .exact(let name): name
    case .below(let suffix): "*." + suffix
    case .address(let address): address.description
    }
  }

  fileprivate var yamlLines: [String] {
    var lines = ["# " + evidenceText]
    if case .below = host { lines.append("# seen: " + shownNames) }
    if methods.isEmpty, !methodsSeen.isEmpty {
      lines.append(
        "# any method: beside \(methodsSeen.sorted().joined(separator: ", ")) there was TLS or other bytes that hide theirs"
      )
    }
    if case .address = host, methods.isEmpty {
      lines.append("# decided before any byte is read")
    }
    lines.append("- hostPattern: \"\(pattern)\"")
    let ranges = portRanges
    if ranges.count == 1, ranges[0].count == 1 {
      lines.append("  port: \(ports[0])")
    } else {
      let list = ranges.map {
        $0.count == 1 ? "\($0.lowerBound)" : "\"\($0.lowerBound)-\($0.upperBound)\""
      }
      lines.append("  ports: [\(list.joined(separator: ", "))]")
    }
    if !methods.isEmpty {
      lines.append("  allowedMethods: [\(methods.map(\.yamlMethod).joined(separator: ", "))]")
    }
    return lines
  }

  fileprivate var json: JSONObject {
    var object = JSONObject()
    object.add("hostPattern", pattern)
    object.add("ports", ports.map { Int($0) })
    if !methods.isEmpty { object.add("allowedMethods", methods) }
    object.add("flows", evidence.count)
    object.add("hosts", hosts)
    object.add("firstSeen", timeText(evidence.first))
    object.add("lastSeen", timeText(evidence.last))
    return object
  }

  private var evidenceText: String {
    let (first, last) = (timeText(evidence.first), timeText(evidence.last))
    return countText(evidence.count, "flow")
      + (first == last ? " at \(first)" : " from \(first) to \(last)")
  }

  private var shownNames: String {
    let shown = hosts.prefix(Self.shownHosts).joined(separator: ", ")
    let more = hosts.count - Self.shownHosts
    return more > 0 ? "\(shown) and \(countText(more)) more" : shown
  }

  /// Runs of three and more as ranges.
  private var portRanges: [ClosedRange<UInt16>] {
    var ranges: [ClosedRange<UInt16>] = []
    for port in ports {
      if let last = ranges.last, last.upperBound == port - 1 {
        ranges[ranges.count - 1] = last.lowerBound...port
      } else {
        ranges.append(port...port)
      }
    }
    return ranges.flatMap {
      $0.count == 2 ? [$0.lowerBound...$0.lowerBound, $0.upperBound...$0.upperBound] : [$0]
    }
  }
}

extension String {
  /// Words that YAML reads as something else are quoted, and what no standard has.
  fileprivate var yamlMethod: String {
    let plain = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
    return plain.contains(self) ? self : "\"\(self)\""
  }
}
