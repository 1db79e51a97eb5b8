extension RulesetDifference {
  /// For programs: one object on one line, with a line feed.
  package var json: String {
    ([
      "equal": .bool(isEmpty), "tables": .array(tables.map(\.json)),
      "routing": .array(
        routing.map {
          ["presence": .string($0.presence.rawValue), "rule": .string($0.text)]
        }),
    ] as JSON).text + "\n"
  }
}

extension TableDifference {
  fileprivate var json: JSON {
    [
      "family": .string("\(table.family)"), "name": .string(table.name),
      "state": .string(state.rawValue), "sets": .array(sets.map(\.json)),
      "chains": .array(chains.map(\.json)),
    ]
  }
}

extension SetDifference {
  fileprivate var json: JSON {
    .fields([
      "name": .string(name), "presence": .string(presence.rawValue),
      "desiredType": desiredType.map { .string($0) }, "liveType": liveType.map { .string($0) },
      "missing": .array(missing.map { .string($0) }),
      "unexpected": .array(unexpected.map { .string($0) }),
    ])
  }
}

extension ChainDifference {
  fileprivate var json: JSON {
    .fields([
      "name": .string(name), "presence": .string(presence.rawValue),
      "desiredHook": desiredHook.map { .string($0) }, "liveHook": liveHook.map { .string($0) },
      "rules": .array(
        lines.filter { $0.presence != .both }.map { line in
          .fields([
            "presence": .string(line.presence.rawValue), "rule": .string(line.text),
            "handle": line.handle.map { .number($0) },
          ])
        }),
    ])
  }
}
