internal import Addressing
internal import CNetfilter

extension Ruleset {
  /// What one transaction sends so that the table is this ruleset, whatever it was before.
  ///
  /// Deleting a table that doesn't exist is an error, so it is added first: that does nothing where
  /// it exists. Redirected connections survive the exchange, since their translation lives in
  /// conntrack and the hooks are never without a chain.
  package var operations: [Operation] {
    var lowering = Lowering()
    var operations: [Operation] = [.addTable(table), .deleteTable(table), .addTable(table)]
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
    return operations
  }
}

/// Turns rules into the kernel's expressions, all over the one register that they need.
private struct Lowering {
  private var nextSetID: UInt32 = 1
  private var identifiers: [String: UInt32] = [:]

  mutating func define(_ set: NamedSet) -> SetDefinition {
    let definition = SetDefinition(
      name: set.name, id: takeSetID(), isAnonymous: false, keyType: set.keyType.number,
      keyLength: set.keyType.length, isHostOrder: set.keyType == .uid,
      elements: set.elements.map { SetDefinition.Element(key: $0.registerBytes, goto: nil) })
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
        expressions.append(.compare(NFT_CMP_EQ, [1]))
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

/// What must be known of a packet before a field can be read at its place; nft adds these by itself
/// and doesn't print them.
private enum Dependency: Hashable {
  case family(UInt8)
  case transport(InternetProtocol)

  var expressions: [KernelExpression] {
    switch self {
    case .family(let family): [.meta(NFT_META_NFPROTO), .compare(NFT_CMP_EQ, [family])]
    case .transport(let number): [.meta(NFT_META_L4PROTO), .compare(NFT_CMP_EQ, [number.rawValue])]
    }
  }
}

extension Selector {
  fileprivate var dependencies: [Dependency] {
    let ipv4 = UInt8(NFPROTO_IPV4)
    let ipv6 = UInt8(NFPROTO_IPV6)
    return switch self {
    case .ipv4Destination, .ipv4Option: [.family(ipv4)]
    case .ipv6Source, .ipv6Destination, .ipv6RoutingHeader: [.family(ipv6)]
    case .tcpDestinationPort, .tcpFlags: [.transport(.tcp)]
    case .icmpv6Type: [.family(ipv6), .transport(.icmpv6)]
    default: []
    }
  }

  /// Brings the field into the register, or of an address the part that a block fixes: whole bytes
  /// by reading no more, single bits by a mask.
  fileprivate func load(for test: Test) -> [KernelExpression] {
    guard case .is(.prefix(let block)) = test, let offset = addressOffset else { return load }
    if block.prefixLength.isMultiple(of: 8) {
      return [
        .payload(
          NFT_PAYLOAD_NETWORK_HEADER, offset: offset, length: UInt32(block.prefixLength / 8))
      ]
    }
    return load + [
      .mask(block.maskBytes, xor: Array(repeating: 0, count: block.maskBytes.count))
    ]
  }

  /// Where an address is in its header.
  private var addressOffset: UInt32? {
    switch self {
    case .ipv4Destination: 16
    case .ipv6Source: 8
    case .ipv6Destination: 24
    default: nil
    }
  }

  fileprivate var load: [KernelExpression] {
    switch self {
    case .inputInterface: [.meta(NFT_META_IIFNAME)]
    case .outputInterface: [.meta(NFT_META_OIFNAME)]
    case .socketUID: [.meta(NFT_META_SKUID)]
    case .layer4Protocol: [.meta(NFT_META_L4PROTO)]
    case .ipv4Destination: [.payload(NFT_PAYLOAD_NETWORK_HEADER, offset: 16, length: 4)]
    case .ipv6Source: [.payload(NFT_PAYLOAD_NETWORK_HEADER, offset: 8, length: 16)]
    case .ipv6Destination: [.payload(NFT_PAYLOAD_NETWORK_HEADER, offset: 24, length: 16)]
    case .tcpDestinationPort, .transportDestinationPort:
      [.payload(NFT_PAYLOAD_TRANSPORT_HEADER, offset: 2, length: 2)]
    case .icmpv6Type: [.payload(NFT_PAYLOAD_TRANSPORT_HEADER, offset: 0, length: 1)]
    case .tcpFlags(let among):
      [
        .payload(NFT_PAYLOAD_TRANSPORT_HEADER, offset: 13, length: 1),
        .mask([among.rawValue], xor: [0]),
      ]
    case .connectionState: [.connection(NFT_CT_STATE)]
    case .connectionStatus: [.connection(NFT_CT_STATUS)]
    case .connectionDirection: [.connection(NFT_CT_DIRECTION)]
    case .connectionMark(let mask):
      [.connection(NFT_CT_MARK), .mask(mask.hostOrderBytes, xor: [0, 0, 0, 0])]
    case .sourceAddressType: [.routeType(of: NFTA_FIB_F_SADDR)]
    case .destinationAddressType: [.routeType(of: NFTA_FIB_F_DADDR)]
    case .ipv4Option(let option):
      [.extensionHeader(NFT_EXTHDR_OP_IPV4, type: option.rawValue)]
    case .ipv6RoutingHeader:
      [.extensionHeader(NFT_EXTHDR_OP_IPV6, type: UInt8(IPPROTO_ROUTING))]
    }
  }

  /// nft's number for the type of an anonymous set's keys (`enum datatypes`; part of what it keeps
  /// in the kernel, so it doesn't change).
  fileprivate var keyType: UInt32 {
    switch self {
    case .layer4Protocol: 12
    case .tcpDestinationPort, .transportDestinationPort: 13
    case .icmpv6Type: 29
    case .connectionMark: 19
    case .socketUID: NamedSet.KeyType.uid.number
    case .ipv4Destination: NamedSet.KeyType.ipv4Address.number
    case .ipv6Source, .ipv6Destination: NamedSet.KeyType.ipv6Address.number
    default: 4
    }
  }
}

extension Selector {
  fileprivate var isHostOrder: Bool {
    switch self {
    case .connectionMark, .socketUID: true
    default: false
    }
  }
}

extension NamedSet.KeyType {
  fileprivate var number: UInt32 {
    switch self {
    case .uid: 24
    case .ipv4Address: 7
    case .ipv6Address: 8
    }
  }

  fileprivate var length: UInt32 {
    switch self {
    case .uid, .ipv4Address: 4
    case .ipv6Address: 16
    }
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
        .setConnectionMark,
      ]
    case .accept: [.verdict(NF_ACCEPT)]
    case .drop: [.verdict(NF_DROP)]
    case .return: [.verdict(NFT_RETURN.rawValue)]
    case .goto(let chain): [.goto(chain)]
    case .rejectWithReset:
      [.reject(NFT_REJECT_TCP_RST.rawValue, code: 0)]
    case .rejectAsProhibited:
      [.reject(NFT_REJECT_ICMPX_UNREACH.rawValue, code: NFT_REJECT_ICMPX_ADMIN_PROHIBITED.rawValue)]
    case .redirect(let port): KernelExpression.redirect(port)
    case .dispatch: []
    }
  }
}
