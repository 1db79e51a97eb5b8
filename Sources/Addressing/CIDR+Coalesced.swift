extension Sequence<CIDR> {
  /// The same addresses in as few blocks as can be, IPv4 before IPv6 and ascending in each family:
  /// blocks inside others are dropped, and the two halves of a block become that block. The kernel
  /// refuses interval sets whose elements overlap.
  ///
  /// IPv4-mapped blocks are IPv6 like any other here; see `CIDR.canonical`.
  package func coalesced() -> [CIDR] {
    var merged: [CIDR] = []
    // A block comes before all that lie in it, so whatever holds the next one is the last kept.
    for block in sorted(by: { $0.sortingKey < $1.sortingKey }) {
      if let last = merged.last, last.contains(block) { continue }
      merged.append(block)
      while let whole = merged.lastTwoJoined {
        merged.removeLast(2)
        merged.append(whole)
      }
    }
    return merged
  }
}

extension [CIDR] {
  /// The block whose halves the last two are; nil where they are no such pair.
  fileprivate var lastTwoJoined: CIDR? {
    guard count >= 2 else { return nil }
    let lower = self[count - 2]
    let upper = self[count - 1]
    guard lower.prefixLength == upper.prefixLength, lower.prefixLength > 0,
      let whole = CIDR(base: lower.base, prefixLength: lower.prefixLength - 1),
      whole.contains(upper)
    else { return nil }
    return whole
  }
}

extension CIDR {
  fileprivate var sortingKey: (Int, UInt128, Int) {
    switch base {
    case .v4(let address): (4, UInt128(address.rawValue), prefixLength)
    case .v6(let address): (6, address.rawValue, prefixLength)
    }
  }
}
