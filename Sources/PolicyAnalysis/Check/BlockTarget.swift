internal import Addressing
internal import Policy

extension Ruleset {
  /// Addresses of `block` such that whatever is decided about each address of it is decided about
  /// one of these: the first of the block and, of every rule's block and every forbidden one within
  /// it, the first and the one behind the last.
  func addresses(standingFor block: CIDR, from source: IPAddress?) -> [IPAddress] {
    var found: Set<IPAddress> = [block.base]
    for inner in ruleBlocks(from: source) + ForbiddenAddress.blocks(within: block)
    where block.contains(inner) {
      found.insert(inner.base)
      if let next = inner.last.successor, block.contains(next) { found.insert(next) }
    }
    return found.sorted { $0.bits < $1.bits }
  }

  private func ruleBlocks(from source: IPAddress?) -> [CIDR] {
    ruleRange(for: source).compactMap {
      if case .block(let block) = rule($0).matcher { block } else { nil }
    }
  }
}

extension ForbiddenAddress {
  /// One address of every class, as IPv4 has them.
  private static let samples4: [UInt32] = [
    0, 0x7f00_0001, 0xa9fe_0001, 0xe000_0001, 0xffff_ffff, 0x6464_64c8, 0xa83f_8110,
  ]
  private static let samples6: [UInt128] = [
    0, 1, 0xfe80 << 112, 0xff02 << 112 | 1, 0xfd00_0ec2_0000_0000_0000_0000_0000_0254,
    0xfd20_00ce_0000_0000_0000_0000_0000_0254,
  ]

  /// The forbidden blocks in or around the addresses of `block`. Of the many that Teredo's addresses
  /// (RFC 4380) make, those with the upper bits of the block's first address.
  fileprivate static func blocks(within block: CIDR) -> [CIDR] {
    let addresses: [IPAddress]
    switch block.base {
    case .v4: addresses = samples4.map { .v4(IPv4Address(rawValue: $0)) }
    case .v6(let base):
      let translated = samples4.flatMap { address in
        let wide = UInt128(address)
        return [
          wide, 0x0064_ff9b << 96 | wide, 0x2002 << 112 | wide << 80,
          (base.rawValue >> 32) << 32 | UInt128(~address),
        ]
      }
      addresses = (samples6 + translated).map { .v6(IPv6Address(rawValue: $0)) }
    }
    return addresses.compactMap { ForbiddenAddress($0)?.block }
  }
}

extension IPAddress {
  fileprivate var bits: UInt128 {
    switch self {
    case .v4(let address): UInt128(address.rawValue)
    case .v6(let address): address.rawValue
    }
  }

  /// Nil behind the last.
  fileprivate var successor: IPAddress? {
    switch self {
    case .v4(let address):
      address.rawValue == .max ? nil : .v4(IPv4Address(rawValue: address.rawValue + 1))
    case .v6(let address):
      address.rawValue == .max ? nil : .v6(IPv6Address(rawValue: address.rawValue + 1))
    }
  }
}

extension CheckTarget {
  /// The same question about one address.
  func at(_ endpoint: Endpoint) -> CheckTarget {
    CheckTarget(
      text: text,
      flow: Flow(destination: OriginalDestination(endpoint), name: nil, content: flow.content),
      namesAddress: true, block: block)
  }
}
