internal import Addressing

extension Explanation {
  /// One object on one line, with the same content as `text`.
  package var json: String {
    var members = ["\"verdict\":\(quoted(verdict.word))"]
    switch verdict {
    case .captured(let port): members.append("\"port\":\(port)")
    case .leaves(let interface): members.append("\"interface\":\(quoted(interface))")
    case .refused(let refusal): members.append("\"refusal\":\(quoted("\(refusal)"))")
    case .reachesThisHost, .dropped: break
    }
    if let notice { members.append("\"sender\":\(quoted(notice.word))") }
    members.append("\"sentence\":\(quoted(sentence))")
    if let deciding { members.append("\"decidedBy\":\(deciding.json)") }
    members.append("\"steps\":[\(steps.map(\.json).joined(separator: ","))]")
    return "{\(members.joined(separator: ","))}\n"
  }
}

extension Verdict {
  fileprivate var word: String {
    switch self {
    case .captured: "captured"
    case .leaves: "leaves"
    case .reachesThisHost: "reachesThisHost"
    case .refused: "refused"
    case .dropped: "dropped"
    }
  }
}

extension Notice {
  /// What the system call says to the sender.
  fileprivate var word: String {
    switch self {
    case .connectionRefused: "ECONNREFUSED"
    case .notPermitted: "EPERM"
    case .prohibited: "icmp"
    case .none: "nothing"
    }
  }
}

extension Step {
  fileprivate var json: String {
    var members = [
      "\"family\":\(quoted("\(table.family)"))", "\"table\":\(quoted(table.name))",
      "\"hook\":\(quoted("\(point)"))", "\"chain\":\(quoted(chain))",
    ]
    if let rule { members.append("\"rule\":\(rule)") }
    members.append("\"text\":\(quoted(text))")
    members.append("\"effects\":[\(effects.map { quoted($0.text) }.joined(separator: ","))]")
    return "{\(members.joined(separator: ","))}"
  }
}

/// RFC 8259 §7. Names and rule texts hold no control characters but those of a broken name, which
/// become spaces.
private func quoted(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\0"..."\u{1f}", "\u{7f}": result += " "
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}
