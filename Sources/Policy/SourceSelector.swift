internal import Addressing

/// Which allowlist is for whom: the one whose policy has the longest block around the source. Finding
/// it takes no longer where there are more blocks.
struct SourceSelector: Sendable {
  // Their payloads are places of allowlists, where 0 is the one for all other clients.
  private var blocksV4 = PrefixTree<UInt32>()
  private var blocksV6 = PrefixTree<UInt128>()

  init(_ policies: [SourcePolicy]) {
    for (index, policy) in policies.enumerated() {
      for source in policy.sources.map(\.canonical) {
        switch source.base {
        case .v4(let base):
          _ = blocksV4.insert(base.rawValue, source.prefixLength, payload: UInt32(index + 1))
        case .v6(let base):
          _ = blocksV6.insert(base.rawValue, source.prefixLength, payload: UInt32(index + 1))
        }
      }
    }
  }

  func allowlist(for source: IPAddress?) -> Int {
    var found: UInt32 = 0
    switch source?.canonical {
    case .v4(let address):
      var walk = PrefixTree<UInt32>.Walk(address.rawValue)
      while let next = blocksV4.next(&walk) { found = next }
    case .v6(let address):
      var walk = PrefixTree<UInt128>.Walk(address.rawValue)
      while let next = blocksV6.next(&walk) { found = next }
    case nil: break
    }
    return Int(found)
  }
}
