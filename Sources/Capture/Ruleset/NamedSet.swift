package import Addressing

/// A set that rules refer to by name, so that its members can be many.
package struct NamedSet: Hashable, Sendable {
  package enum KeyType: Hashable, Sendable { case uid, gid, ipv4Address, ipv6Address, port }

  package var name: String
  package var keyType: KeyType
  /// Elements may be ranges (`addressRange`, `portRange`), which are apart from each other.
  package var isInterval: Bool
  /// Ascending and without duplicates: the order in which `nft list` prints them.
  package private(set) var elements: [Value]

  /// As the kernel lists it; `elements` must be as said there.
  package init(name: String, keyType: KeyType, isInterval: Bool, elements: [Value]) {
    self.name = name
    self.keyType = keyType
    self.isInterval = isInterval
    self.elements = elements
  }

  package init(name: String, uids: [UInt32]) {
    self.name = name
    keyType = .uid
    isInterval = false
    elements = Set(uids).sorted().map { .uid($0) }
  }

  package init(name: String, gids: [UInt32]) {
    self.name = name
    keyType = .gid
    isInterval = false
    elements = Set(gids).sorted().map { .gid($0) }
  }

  /// Ranges that overlap or touch become one.
  package init(name: String, ports: [ClosedRange<UInt16>]) {
    self.name = name
    keyType = .port
    isInterval = true
    elements = ports.map { UInt32($0.lowerBound)...UInt32($0.upperBound) }
      .merged.map { .portRange(UInt16($0.lowerBound), UInt16($0.upperBound)) }
  }

  /// The IPv4 ones of the blocks. Blocks that overlap or touch become one range.
  package init(name: String, ipv4 blocks: [CIDR]) {
    self.name = name
    keyType = .ipv4Address
    isInterval = true
    elements = blocks.compactMap { block in
      guard case .v4(let low) = block.base, case .v4(let high) = block.last else { return nil }
      return low.rawValue...high.rawValue
    }.merged.map {
      .addressRange(
        .v4(IPv4Address(rawValue: $0.lowerBound)), .v4(IPv4Address(rawValue: $0.upperBound)))
    }
  }

  /// The IPv6 ones of the blocks. Blocks that overlap or touch become one range.
  package init(name: String, ipv6 blocks: [CIDR]) {
    self.name = name
    keyType = .ipv6Address
    isInterval = true
    elements = blocks.compactMap { block in
      guard case .v6(let low) = block.base, case .v6(let high) = block.last else { return nil }
      return low.rawValue...high.rawValue
    }.merged.map {
      .addressRange(
        .v6(IPv6Address(rawValue: $0.lowerBound)), .v6(IPv6Address(rawValue: $0.upperBound)))
    }
  }

  package init(name: String, addresses: [IPv4Address]) {
    self.name = name
    keyType = .ipv4Address
    isInterval = false
    elements = Set(addresses).sorted().map { .address(.v4($0)) }
  }

  package init(name: String, addresses: [IPv6Address]) {
    self.name = name
    keyType = .ipv6Address
    isInterval = false
    elements = Set(addresses).sorted().map { .address(.v6($0)) }
  }

  /// What remains of an IPv4 block without others.
  package init(name: String, ipv4 block: CIDR, without others: [CIDR]) {
    self.init(name: name, ipv4: [block])
    guard case .addressRange(.v4(let first), .v4(let last))? = elements.first else { return }
    var rest: [Value] = []
    var next = UInt64(first.rawValue)
    for case .addressRange(.v4(let low), .v4(let high)) in NamedSet(name: name, ipv4: others)
      .elements
    {
      if next < low.rawValue {
        rest.append(.range4(UInt32(next), min(low.rawValue - 1, last.rawValue)))
      }
      next = max(next, UInt64(high.rawValue) + 1)
    }
    if next <= last.rawValue { rest.append(.range4(UInt32(next), last.rawValue)) }
    elements = rest
  }
}

extension Value {
  fileprivate static func range4(_ first: UInt32, _ last: UInt32) -> Value {
    .addressRange(.v4(IPv4Address(rawValue: first)), .v4(IPv4Address(rawValue: last)))
  }
}

extension [ClosedRange<UInt32>] {
  fileprivate var merged: Self { mergedRanges(self) }
}

extension [ClosedRange<UInt128>] {
  fileprivate var merged: Self { mergedRanges(self) }
}

/// Ascending, with what overlaps or touches made one.
private func mergedRanges<Bound: FixedWidthInteger>(
  _ ranges: [ClosedRange<Bound>]
) -> [ClosedRange<Bound>] {
  var merged: [ClosedRange<Bound>] = []
  for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
    if let last = merged.last,
      range.lowerBound <= last.upperBound
        || range.lowerBound == last.upperBound + 1
    {
      merged[merged.count - 1] = last.lowerBound...Swift.max(last.upperBound, range.upperBound)
    } else {
      merged.append(range)
    }
  }
  return merged
}
