extension RulesetDifference {
  /// For people: like a unified diff from what is desired to what is in force. `-` is missing from
  /// the kernel, `+` is in the kernel and shouldn't be. Ends with a line feed.
  package var text: String {
    if isEmpty { return "no difference\n" }
    let lines =
      tables.map(\.text).joined()
      + routing.map { "\($0.presence.sign)\($0.text)\n" }.joined()
    return "--- what apply would put in force\n+++ what is in the kernel\n" + lines.printable
  }
}

extension TableDifference {
  fileprivate var text: String {
    switch state {
    case .equal: ""
    case .missing: "-table \(table): not in force, there is none\n"
    case .unexpected: "+table \(table): there should be none\n"
    case .different:
      " table \(table)\n" + sets.map(\.text).joined() + chains.map(\.text).joined()
    }
  }
}

extension SetDifference {
  fileprivate var text: String {
    var text = "\(presence.sign)  set \(name)\n"
    if let desiredType { text += "-    \(desiredType)\n" }
    if let liveType { text += "+    \(liveType)\n" }
    return text + listed(missing, "-") + listed(unexpected, "+")
  }

  private func listed(_ elements: [String], _ sign: String) -> String {
    elements.map { "\(sign)    \($0)\n" }.joined()
  }
}

extension ChainDifference {
  fileprivate var text: String {
    var text = "\(presence.sign)  chain \(name)\n"
    if let desiredHook { text += "-    \(desiredHook)\n" }
    if let liveHook { text += "+    \(liveHook)\n" }
    var hasGap = false
    for (index, line) in lines.enumerated() {
      guard isNearChange(index) else {
        hasGap = true
        continue
      }
      if hasGap { text += "     ...\n" }
      hasGap = false
      text += "\(line.presence.sign)    \(line.text)"
      if line.presence == .unexpected, let handle = line.handle { text += " # handle \(handle)" }
      text += "\n"
    }
    return hasGap ? text + "     ...\n" : text
  }

  /// Rules around a change are shown, since what a rule does depends on those before it.
  private func isNearChange(_ index: Int) -> Bool {
    let near = max(0, index - Self.context)...min(lines.count - 1, index + Self.context)
    return lines[near].contains { $0.presence != .both }
  }

  private static let context = 2
}

extension Presence {
  fileprivate var sign: String {
    switch self {
    case .both: " "
    case .missing: "-"
    case .unexpected: "+"
    }
  }
}
