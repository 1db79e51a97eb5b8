internal import Addressing

/// Which allowlist is for whom: the one whose policy has the longest block around the source.
struct SourceSelector: Sendable {
  /// Longest first. Places of allowlists, where 0 is the one for all other clients.
  private let blocks: [(block: CIDR, allowlist: Int)]

  init(_ policies: [SourcePolicy]) {
    blocks = policies.enumerated().flatMap { index, policy in
      policy.sources.map { ($0.canonical, index + 1) }
    }.sorted { $0.block.prefixLength > $1.block.prefixLength }
  }

  func allowlist(for source: IPAddress?) -> Int {
    guard !blocks.isEmpty, let source = source?.canonical else { return 0 }
    let blocks = self.blocks.span
    for index in blocks.indices where blocks[index].block.contains(source) {
      return blocks[index].allowlist
    }
    return 0
  }
}
