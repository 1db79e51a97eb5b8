internal import Addressing

extension Explanation {
  /// One object on one line, with the same content as `text`.
  package var json: String {
    let (port, interface, refusal): (UInt16?, String?, Refusal?) =
      switch verdict {
      case .captured(let port): (port, nil, nil)
      case .leaves(let interface): (nil, interface, nil)
      case .refused(let refusal): (nil, nil, refusal)
      case .reachesThisHost, .dropped: (nil, nil, nil)
      }
    return JSON.fields([
      "verdict": .string(verdict.word), "port": port.map { .number($0) },
      "interface": interface.map { .string($0) }, "refusal": refusal.map { .string("\($0)") },
      "sender": notice.map { .string($0.word) }, "sentence": .string(sentence),
      "decidedBy": deciding?.json, "steps": .array(steps.map(\.json)),
    ]).text + "\n"
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
  fileprivate var json: JSON {
    .fields([
      "family": .string("\(table.family)"), "table": .string(table.name),
      "hook": .string("\(point)"), "chain": .string(chain), "rule": rule.map { .number($0) },
      "text": .string(text), "effects": .array(effects.map { .string($0.text) }),
    ])
  }
}
