internal import Addressing
internal import CNetfilter

extension RuleReading {
  struct Field {
    var part: RulePart
    /// Pending conditions that are there for its sake.
    var needed: [Dependency]
    /// By what it needs, then by all that it rests on: of two fields at one place the one with more
    /// explains more.
    var weight: Int
    var count: Int
  }

  /// A field and what is asked of it. Several fields are read at the same place (TCP's and UDP's
  /// ports): it is the one whose conditions stand before it.
  func field() -> Field? {
    var best: Field?
    for (selector, load) in loads() {
      let dependencies = selector.dependencies
      let needed = dependencies.filter { !known.contains($0) }
      let weight = needed.count << 8 + dependencies.count
      guard pending.suffix(needed.count).elementsEqual(needed),
        weight > best?.weight ?? -1,
        let (test, count) = test(of: selector, at: load)
      else { continue }
      best = Field(
        part: .match(Match(selector, test)), needed: needed, weight: weight,
        count: load + count)
    }
    return best
  }

  /// Selectors that may be loaded here, and by how many expressions.
  func loads() -> [(Selector, Int)] {
    var loads: [(Selector, Int)] = []
    for (selector, expressions) in Self.plainLoads where startsWith(expressions) {
      loads.append((selector, expressions.count))
    }
    if let mask = expression("bitwise", at: 1), mask.isPlainMask,
      let bytes = mask.bytes(NFTNL_EXPR_BITWISE_MASK)
    {
      let masked: [Selector?] = [
        bytes.only.map { .tcpFlags(among: TCPFlags(rawValue: $0)) },
        bytes.hostNumber(UInt32.self).map { .connectionMark(mask: $0) },
      ]
      for case let selector? in masked where startsWith(selector.load.map(\.canonical)) {
        loads.append((selector, 2))
      }
    }
    // A block of whole bytes is compared by reading no more than those.
    if let payload = expression("payload"), let length = payload.word(NFTNL_EXPR_PAYLOAD_LEN) {
      for (selector, expressions) in Self.plainLoads {
        guard let width = selector.addressWidth, length < width,
          payload == expressions.first?.truncated(to: length)
        else { continue }
        loads.append((selector, 1))
      }
    }
    return loads
  }

  static let conditions: [(Dependency, [KernelExpression])] = Dependency.all.map {
    ($0, $0.expressions.map(\.canonical))
  }

  private static let plainLoads: [(Selector, [KernelExpression])] = Selector.plain.map {
    ($0, $0.load.map(\.canonical))
  }

  /// What is asked of a field that has been loaded, and by how many further expressions.
  private func test(of selector: Selector, at distance: Int) -> (Test, Int)? {
    if let lookup = expression("lookup", at: distance) {
      guard lookup.word(NFTNL_EXPR_LOOKUP_DREG) == nil,
        lookup.word(NFTNL_EXPR_LOOKUP_FLAGS) == nil
      else { return nil }
      if let name = lookup.text(NFTNL_EXPR_LOOKUP_SET) { return (.isIn(set: name), 1) }
      return members(lookup, of: selector).map { (.isOneOf($0.map(\.value)), 1) }
    }
    if let compare = expression("cmp", at: distance),
      let operation = compare.word(NFTNL_EXPR_CMP_OP),
      let bytes = compare.bytes(NFTNL_EXPR_CMP_DATA)
    {
      switch operation {
      case NFT_CMP_EQ.rawValue:
        if let width = selector.addressWidth, bytes.count < width {
          return block(bytes, of: width, bits: bytes.count * 8).map { (.is($0), 1) }
        }
        if bytes == selector.presence, selector.isPresence { return (.exists, 1) }
        if bytes == [0, 0, 0, 0], selector == .wayBack { return (.isMissing, 1) }
        return selector.value(bytes).map { (.is($0), 1) }
      case NFT_CMP_NEQ.rawValue:
        return selector.value(bytes).map { (.isNot($0), 1) }
      default: return nil
      }
    }
    return maskedTest(of: selector, at: distance) ?? rangeTest(of: selector, at: distance)
  }

  /// A block that ends within a byte, or any of several bits.
  private func maskedTest(of selector: Selector, at distance: Int) -> (Test, Int)? {
    guard let mask = expression("bitwise", at: distance), mask.isPlainMask,
      let ones = mask.bytes(NFTNL_EXPR_BITWISE_MASK),
      let compare = expression("cmp", at: distance + 1),
      let bytes = compare.bytes(NFTNL_EXPR_CMP_DATA)
    else { return nil }
    switch compare.word(NFTNL_EXPR_CMP_OP) {
    case NFT_CMP_EQ.rawValue:
      guard let width = selector.addressWidth else { return nil }
      let bits = ones.reduce(0) { $0 + $1.nonzeroBitCount }
      return block(bytes, of: width, bits: bits).map { (.is($0), 2) }
    case NFT_CMP_NEQ.rawValue where bytes.allSatisfy { $0 == 0 }:
      return selector.value(ones).map { (.has($0), 2) }
    default: return nil
    }
  }

  private func rangeTest(of selector: Selector, at distance: Int) -> (Test, Int)? {
    guard expression("byteorder", at: distance) != nil,
      let low = expression("cmp", at: distance + 1)?.bytes(NFTNL_EXPR_CMP_DATA),
      let high = expression("cmp", at: distance + 2)?.bytes(NFTNL_EXPR_CMP_DATA),
      let first = selector.value(low.networkOrder), let last = selector.value(high.networkOrder)
    else { return nil }
    return (.isBetween(first, last), 3)
  }

  private func block(_ bytes: [UInt8], of width: Int, bits: Int) -> Value? {
    let padded = bytes + Array(repeating: 0, count: max(0, width - bytes.count))
    return IPAddress(networkOrder: padded).flatMap { CIDR(base: $0, prefixLength: bits) }
      .map { .prefix($0) }
  }

  /// What a look-up's own set holds, in ascending order; nil where it is a set of the table or holds
  /// what rules of ours don't.
  func members(
    _ lookup: KernelExpression, of selector: Selector
  ) -> [(value: Value, member: SetMember)]? {
    guard let index = lookup.word(NFTNL_EXPR_LOOKUP_SET), Int(index) < rule.sets.count else {
      return nil
    }
    var members: [(value: Value, member: SetMember)] = []
    for member in rule.sets[Int(index)].sorted(by: selector.precedes) {
      guard member.end == nil, let value = selector.value(member.key) else { return nil }
      members.append((value, member))
    }
    return members.isEmpty ? nil : members
  }
}

extension Dependency {
  fileprivate static let all: [Dependency] =
    [.family(UInt8(NFPROTO_IPV4)), .family(UInt8(NFPROTO_IPV6)), .ethernet]
    + InternetProtocol.all.map { .transport($0) }

}

extension InternetProtocol {
  fileprivate static let all: [InternetProtocol] = (0...UInt8.max).compactMap {
    InternetProtocol(rawValue: $0)
  }
}

extension Selector {
  /// Only whether it is there is asked.
  fileprivate var isPresence: Bool {
    switch self {
    case .ipv4Option, .ipv6RoutingHeader, .etherGroupDestination: true
    default: false
    }
  }

  fileprivate func precedes(_ one: SetMember, _ other: SetMember) -> Bool {
    isHostOrder
      ? one.key.networkOrder.lexicographicallyPrecedes(other.key.networkOrder)
      : one.key.lexicographicallyPrecedes(other.key)
  }
}

extension KernelExpression {
  /// Keeps some bits and changes none.
  fileprivate var isPlainMask: Bool {
    name == "bitwise" && (bytes(NFTNL_EXPR_BITWISE_XOR)?.allSatisfy { $0 == 0 } ?? false)
  }

  /// A payload that reads only the first bytes.
  fileprivate func truncated(to length: UInt32) -> KernelExpression {
    var expression = self
    expression[NFTNL_EXPR_PAYLOAD_LEN] = .word(length)
    return expression
  }
}
