internal import Addressing
internal import CNetfilter

extension Ruleset {
  /// The change without a note.
  package var change: TableChange { change(note: []) }

  /// What one transaction sends so that the table is this ruleset, whatever it was before.
  ///
  /// Deleting a table that doesn't exist is an error, so it is added first: that does nothing where
  /// it exists. Redirected connections survive the exchange, since their translation lives in
  /// conntrack and the hooks are never without a chain.
  ///
  /// - Parameter note: what the kernel keeps beside the table.
  package func change(note: [UInt8]) -> TableChange {
    var lowering = Lowering()
    var operations: [Operation] = [
      .addTable(), .deleteTable, .addTable(note: note),
    ]
    for set in sets {
      let definition = lowering.define(set)
      operations.append(.addSet(definition))
      if !definition.elements.isEmpty { operations.append(.addElements(definition)) }
    }
    // Rules jump to chains that come later.
    operations += chains.map { Operation.addChain($0) }
    for chain in chains {
      for rule in chain.rules {
        let (expressions, anonymous) = lowering.lower(rule)
        for definition in anonymous {
          operations += [.addSet(definition), .addElements(definition)]
        }
        operations.append(.addRule(chain: chain.name, text: rule.nftText, expressions))
      }
    }
    return TableChange(table, operations)
  }
}

/// Turns rules into the kernel's expressions, all over the one register that they need.
private struct Lowering {
  private var nextSetID: UInt32 = 1
  private var identifiers: [String: UInt32] = [:]

  mutating func define(_ set: NamedSet) -> SetDefinition {
    let definition = SetDefinition(
      name: set.name, id: takeSetID(), isAnonymous: false, keyType: set.keyType.number,
      keyLength: set.keyType.length, isHostOrder: set.keyType.isHostOrder,
      isInterval: set.isInterval, elements: set.elements.flatMap(\.elements))
    identifiers[set.name] = definition.id
    return definition
  }

  mutating func lower(_ rule: Rule) -> ([KernelExpression], [SetDefinition]) {
    var expressions: [KernelExpression] = []
    var anonymous: [SetDefinition] = []
    var known: Set<Dependency> = []
    for match in rule.matches {
      for dependency in match.selector.dependencies where known.insert(dependency).inserted {
        expressions += dependency.expressions
      }
      expressions += match.selector.load(for: match.test)
      switch match.test {
      case .is(let value):
        expressions.append(.compare(NFT_CMP_EQ, value.registerBytes))
      case .isNot(let value):
        expressions.append(.compare(NFT_CMP_NEQ, value.registerBytes))
      case .has(let value):
        let width = value.registerBytes.count
        expressions.append(
          .mask(value.registerBytes, xor: Array(repeating: 0, count: width)))
        expressions.append(.compare(NFT_CMP_NEQ, Array(repeating: 0, count: width)))
      case .exists:
        expressions.append(.compare(NFT_CMP_EQ, match.selector.presence))
      case .isMissing:
        expressions.append(.compare(NFT_CMP_EQ, [0, 0, 0, 0]))
      case .isBetween(let low, let high):
        // The kernel compares as memcmp does, while uids are in host order.
        expressions.append(.toNetworkOrder)
        expressions.append(.compare(NFT_CMP_GTE, low.registerBytes.networkOrder))
        expressions.append(.compare(NFT_CMP_LTE, high.registerBytes.networkOrder))
      case .isIn(let name):
        expressions.append(.lookUp(name, id: identifiers[name] ?? 0, dispatch: false))
      case .isOneOf(let values):
        let set = anonymousSet(
          of: match.selector, values.map { .init(key: $0.registerBytes, goto: nil) })
        anonymous.append(set)
        expressions.append(.lookUp(set.name, id: set.id, dispatch: false))
      }
    }
    for statement in rule.statements {
      switch statement {
      case .dispatch(let selector, let branches):
        let set = anonymousSet(
          of: selector, branches.map { .init(key: $0.value.registerBytes, goto: $0.chain) })
        anonymous.append(set)
        expressions += selector.load
        expressions.append(.lookUp(set.name, id: set.id, dispatch: true))
      default:
        expressions += statement.expressions
      }
    }
    return (expressions, anonymous)
  }

  private mutating func anonymousSet(
    of selector: Selector, _ elements: [SetDefinition.Element]
  ) -> SetDefinition {
    // The kernel puts a number in place of %d.
    SetDefinition(
      name: "__\(elements[0].goto == nil ? "set" : "map")%d", id: takeSetID(), isAnonymous: true,
      keyType: selector.keyType, keyLength: UInt32(elements[0].key.count),
      isHostOrder: selector.isHostOrder, elements: elements)
  }

  private mutating func takeSetID() -> UInt32 {
    defer { nextSetID += 1 }
    return nextSetID
  }
}

extension Statement {
  fileprivate var expressions: [KernelExpression] {
    switch self {
    case .counter: [KernelExpression("counter")]
    case .tagConnection(let tag, let mask):
      [
        .connection(NFT_CT_MARK),
        .mask((~mask).hostOrderBytes, xor: tag.hostOrderBytes),
        .setConnection(NFT_CT_MARK),
      ]
    case .tagPacket(let tag, let mask):
      [
        .meta(NFT_META_MARK),
        .mask((~mask).hostOrderBytes, xor: tag.hostOrderBytes),
        .setMeta(NFT_META_MARK),
      ]
    case .setPacketMark(let mark): [.constant(mark.hostOrderBytes), .setMeta(NFT_META_MARK)]
    case .setPacketPriority(let priority):
      [.constant(priority.hostOrderBytes), .setMeta(NFT_META_PRIORITY)]
    case .setZone(let zone): [.constant(zone.hostOrderBytes), .setConnection(NFT_CT_ZONE)]
    case .accept: [.verdict(NF_ACCEPT)]
    case .drop: [.verdict(NF_DROP)]
    case .return: [.verdict(NFT_RETURN.rawValue)]
    case .goto(let chain): [.verdict(NFT_GOTO, chain)]
    case .jump(let chain): [.verdict(NFT_JUMP, chain)]
    case .rejectWithReset:
      [.reject(NFT_REJECT_TCP_RST.rawValue, code: 0)]
    case .rejectAsProhibited:
      [.reject(NFT_REJECT_ICMPX_UNREACH.rawValue, code: NFT_REJECT_ICMPX_ADMIN_PROHIBITED.rawValue)]
    case .redirect(let port): KernelExpression.redirect(port)
    case .tproxy(let port): KernelExpression.tproxy(port)
    case .dispatch: []
    }
  }
}

extension Value {
  /// A range is kept as its first key and the first one behind it, which the last key of all has
  /// not.
  fileprivate var elements: [SetDefinition.Element] {
    let start = SetDefinition.Element(key: registerBytes)
    guard let end = keyBehindRange else { return [start] }
    return [start, SetDefinition.Element(key: end, endsInterval: true)]
  }

  private var keyBehindRange: [UInt8]? {
    switch self {
    case .portRange(_, let last) where last < .max: return (last + 1).networkOrderBytes
    case .addressRange(_, let last):
      switch last {
      case .v4(let v4): return v4.rawValue == .max ? nil : (v4.rawValue + 1).networkOrderBytes
      case .v6(let v6): return v6.rawValue == .max ? nil : (v6.rawValue + 1).networkOrderBytes
      }
    default: return nil
    }
  }
}
