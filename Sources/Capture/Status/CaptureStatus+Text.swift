extension CaptureStatus {
  /// For people, the most important first. Ends with a line feed.
  package var text: String {
    var lines = [headline]
    lines.append(row("document", document.text))
    lines.append(row("raw frames", frames))
    let totals = CounterTotal.all(counters)
    for meaning in RuleCount.Meaning.allCases {
      guard let total = totals[meaning], total.packets > 0 || total.connections > 0 else {
        continue
      }
      lines.append(row(meaning.rawValue, total.text))
    }
    for rule in routing.rules {
      let on = rule.rule.interface.map { " from \($0)" } ?? ""
      lines.append(
        row(
          "routing",
          "\(rule.family): mark 0x\(String(rule.rule.mark, radix: 16))\(on) by table \(rule.table)")
      )
    }
    if let conntrack {
      let full = conntrack.isAlmostFull ? "WARNING: almost full: " : ""
      lines.append(
        row("conntrack", "\(full)\(conntrack.count) of \(conntrack.maximum) (\(conntrack.load) %)"))
    }
    for table in foreign {
      let owner = table.owner.map { " (\($0))" } ?? ""
      lines.append(row("others", "table \(table.family) \(table.name)\(owner)"))
      for hook in table.hooks {
        lines.append(row("", "\(hook.chain), \(hook.place): \(hook.concern)"))
      }
    }
    if !legacyTables.isEmpty {
      lines.append(
        row(
          "others",
          "older iptables: \(legacyTables.joined(separator: ", ")); iptables-legacy-save lists them"
        ))
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private var headline: String {
    switch table {
    case .none: return "NOT IN FORCE: there is no table \(Ruleset.table)"
    case .foreign: return "NOT IN FORCE: the table \(Ruleset.table) is somebody else's"
    case .ours:
      var text = isInForce ? "IN FORCE" : "IN FORCE, BUT NOT AS THE DOCUMENT SAYS"
      if let mode { text += ": \(mode)" }
      if let appliedAt {
        text += ", since \(iso8601(appliedAt)) (\(age(from: appliedAt, to: readAt)))"
      }
      return text
    }
  }

  private var frames: String {
    guard let guardedDevices else {
      return "not blocked: with CAP_NET_RAW a workload gets out (drop the capability)"
    }
    let text = "blocked on \(guardedDevices.joined(separator: ", "))"
    return unguardedDevices.isEmpty
      ? text : "\(text), but not on \(unguardedDevices.joined(separator: ", "))"
  }

  private func row(_ name: String, _ value: String) -> String {
    "  " + name + String(repeating: " ", count: max(1, 12 - name.utf8.count)) + value
  }
}

extension CaptureStatus.Document {
  fileprivate var text: String {
    switch self {
    case .same: "as it says"
    case .differs(let places):
      "differs in \(places == 1 ? "one place" : "\(places) places"): portarium-init diff shows where"
    case .unknown(let why): "unknown: \(why)"
    }
  }
}

extension CounterTotal {
  fileprivate var text: String {
    (connections > 0 ? "\(connections) connections, " : "") + "\(packets) packets, \(bytes) bytes"
  }
}

/// `2026-11-21T15:04:05Z`: UTC, whatever the machine's time zone (RFC 3339).
///
/// - Parameter time: nanoseconds since the Unix epoch.
func iso8601(_ time: UInt64) -> String {
  let seconds = Int(time / 1_000_000_000)
  // Days since 1 March of year 0, so that leap days come last; 400 years have 146,097 days.
  let days = seconds / 86_400 + 719_468
  let dayOfEra = days % 146_097
  let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
  let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  let monthFromMarch = (5 * dayOfYear + 2) / 153
  let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
  let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  let year = yearOfEra + days / 146_097 * 400 + (month <= 2 ? 1 : 0)
  let time = seconds % 86_400
  func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
  return "\(year)-\(two(month))-\(two(day))T"
    + "\(two(time / 3600)):\(two(time / 60 % 60)):\(two(time % 60))Z"
}

/// The two largest units: `3 d 4 h ago`.
private func age(from start: UInt64, to end: UInt64) -> String {
  guard end >= start else { return "in the future: a clock was set" }
  let seconds = (end - start) / 1_000_000_000
  switch seconds {
  case ..<60: return "\(seconds) s ago"
  case ..<3600: return "\(seconds / 60) min ago"
  case ..<86_400: return "\(seconds / 3600) h \(seconds / 60 % 60) min ago"
  default: return "\(seconds / 86_400) d \(seconds / 3600 % 24) h ago"
  }
}
