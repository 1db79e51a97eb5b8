extension CaptureStatus {
  /// For programs: one object on one line, with a line feed. docs/capture.md says what is what.
  package var json: String {
    let totals = CounterTotal.all(counters)
    let json: JSON = .fields([
      "inForce": .bool(isInForce), "table": .string(table.word),
      "since": appliedAt.map { .string(iso8601($0)) },
      "ageSeconds": appliedAt.map { .number((readAt - min($0, readAt)) / 1_000_000_000) },
      "mode": mode.map { .string($0) }, "document": .string(document.word),
      "differences": document.places.map { .number($0) },
      "rawFrames": [
        "blocked": .bool(guardedDevices != nil),
        "devices": .array((guardedDevices ?? []).map { .string($0) }),
        "unguarded": .array(unguardedDevices.map { .string($0) }),
      ],
      "totals": .object(
        RuleCount.Meaning.allCases.map { meaning in
          JSON.Field(name: meaning.rawValue, value: (totals[meaning] ?? CounterTotal()).json)
        }),
      "rules": .array(counters.map(\.json)), "routing": .array(routing.rules.map(\.json)),
      "conntrack": conntrack?.json, "foreignTables": .array(foreign.map(\.json)),
      "legacyTables": .array(legacyTables.map { .string($0) }),
    ])
    return json.text + "\n"
  }
}

extension CaptureStatus.Table {
  fileprivate var word: String {
    switch self {
    case .none: "none"
    case .ours: "ours"
    case .foreign: "foreign"
    }
  }
}

extension CaptureStatus.Document {
  fileprivate var word: String {
    switch self {
    case .same: "same"
    case .differs: "differs"
    case .unknown: "unknown"
    }
  }

  fileprivate var places: Int? { if case .differs(let places) = self { places } else { nil } }
}

extension CounterTotal {
  fileprivate var json: JSON {
    [
      "connections": .number(connections), "packets": .number(packets), "bytes": .number(bytes),
    ]
  }
}

extension RuleCount {
  fileprivate var json: JSON {
    [
      "chain": .string(chain), "rule": .string(rule), "handle": .number(handle),
      "meaning": .string(meaning.rawValue), "packets": .number(counter.packets),
      "bytes": .number(counter.bytes),
    ]
  }
}

extension RoutingState.Rule {
  fileprivate var json: JSON {
    .fields([
      "family": .string("\(family)"), "mark": .number(rule.mark),
      "interface": rule.interface.map { .string($0) }, "table": .number(table),
    ])
  }
}

extension CaptureStatus.Conntrack {
  fileprivate var json: JSON {
    ["count": .number(count), "maximum": .number(maximum), "almostFull": .bool(isAlmostFull)]
  }
}

extension ForeignTable {
  fileprivate var json: JSON {
    .fields([
      "family": .string(family), "name": .string(name), "owner": owner.map { .string($0) },
      "hooks": .array(
        hooks.map { hook in
          [
            "chain": .string(hook.chain), "place": .string(hook.place),
            "concern": .string(hook.concern),
          ]
        }),
    ])
  }
}
