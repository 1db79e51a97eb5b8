extension Ruleset {
  /// The document that `nft -j -s list table <table>` of nftables 1.0.6 prints once this ruleset is
  /// in the kernel, without handles, which the kernel chooses; `nft -j -f` reads it. One line with a
  /// line feed.
  package var nftJSON: String {
    let objects =
      [Self.metainfo, table.json] + sets.map { $0.json(in: table) }
      + chains.map { $0.json(in: table) }
      + chains.flatMap { chain in chain.rules.map { $0.json(in: table, chain: chain.name) } }
    return (["nftables": .array(objects)] as JSON).text + "\n"
  }

  /// Which schema the rest is in (libnftables-json(5)).
  private static let metainfo: JSON = ["metainfo": ["json_schema_version": .number(1)]]
}

extension CapturePlan {
  /// The ruleset as `nft -j` lists it after `apply`. Resolvers that only `apply` can know are empty
  /// sets.
  package var nftJSON: String { Ruleset(self).nftJSON }
}

extension TableIdentity {
  fileprivate var json: JSON {
    ["table": ["family": .string("\(family)"), "name": .string(name)]]
  }
}

extension NamedSet {
  fileprivate func json(in table: TableIdentity) -> JSON {
    [
      "set": .fields([
        "family": .string("\(table.family)"), "name": .string(name), "table": .string(table.name),
        "type": .string(keyType.nftText), "flags": isInterval ? ["interval"] : nil,
        "elem": elements.isEmpty ? nil : .array(elements.map(\.json)),
      ])
    ]
  }
}

extension Chain {
  fileprivate func json(in table: TableIdentity) -> JSON {
    [
      "chain": .fields([
        "family": .string("\(table.family)"), "table": .string(table.name), "name": .string(name),
        "type": hook.map { .string("\($0.kind)") }, "hook": hook.map { .string("\($0.point)") },
        "prio": hook.map { .number($0.priority) }, "dev": hook.flatMap(\.deviceJSON),
        "policy": hook.map { .string("\($0.policy)") },
      ])
    ]
  }
}

extension Hook {
  /// What libnftables-json(5) has for one device and for several. nft 1.0.6 doesn't list it.
  fileprivate var deviceJSON: JSON? {
    switch devices.count {
    case 0: nil
    case 1: .string(devices[0])
    default: .array(devices.map { .string($0) })
    }
  }
}

extension Rule {
  fileprivate func json(in table: TableIdentity, chain: String) -> JSON {
    [
      "rule": [
        "family": .string("\(table.family)"), "table": .string(table.name),
        "chain": .string(chain),
        "expr": .array(matches.map(\.json) + statements.flatMap(\.json)),
      ]
    ]
  }
}

extension Statement {
  fileprivate var json: [JSON] {
    switch self {
    case .counter: [["counter": .null]]
    case .tagConnection(let tag, let mask):
      [Self.set(["ct": ["key": "mark"]], bits: tag, under: mask)]
    case .tagPacket(let tag, let mask):
      [Self.set(["meta": ["key": "mark"]], bits: tag, under: mask)]
    case .setPacketMark(let mark):
      [Self.set(["meta": ["key": "mark"]], to: .number(mark))]
    case .setPacketPriority(let priority):
      [Self.set(["meta": ["key": "priority"]], to: .string(Value.priority(priority).nftText))]
    case .setZone(let zone): [Self.set(["ct": ["key": "zone"]], to: .number(zone))]
    case .dispatch(let selector, let branches):
      [
        [
          "vmap": [
            "key": selector.json,
            "data": [
              "set": .array(branches.map { [$0.value.json, Self.verdict("goto", $0.chain)] })
            ],
          ]
        ]
      ]
    case .accept: [["accept": .null]]
    case .drop: [["drop": .null]]
    case .return: [["return": .null]]
    case .goto(let chain): [Self.verdict("goto", chain)]
    case .jump(let chain): [Self.verdict("jump", chain)]
    case .rejectWithReset: [["reject": ["type": "tcp reset"]]]
    case .rejectAsProhibited: [["reject": ["type": "icmpx", "expr": "admin-prohibited"]]]
    case .redirect(let port): [["redirect": ["port": .number(port)]]]
    case .tproxy(let port): [["tproxy": ["port": .number(port)]]]
    }
  }

  private static func verdict(_ name: String, _ chain: String) -> JSON {
    .fields([name: ["target": .string(chain)]])
  }

  private static func set(_ key: JSON, to value: JSON) -> JSON {
    ["mangle": ["key": key, "value": value]]
  }

  /// Clears the mask's bits and sets the tag's: a mask that clears nothing else is left out, as nft
  /// does.
  private static func set(_ key: JSON, bits tag: UInt32, under mask: UInt32) -> JSON {
    let kept: JSON = tag == mask ? key : ["&": [key, .number(~mask | tag)]]
    return set(key, to: ["|": [kept, .number(tag)]])
  }
}
