import Addressing
import SeededRandom
import Testing

@Suite("Blocks and ranges are merged")
struct MergingTests {
  @Test(
    "blocks",
    arguments: [
      ([], []), (["10.0.0.0/8"], ["10.0.0.0/8"]),
      (["10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/8"], ["10.0.0.0/8"]),
      (["10.128.0.0/9", "10.0.0.0/9"], ["10.0.0.0/8"]),
      // Neighbours, but halves of different blocks.
      (["10.0.0.1", "10.0.0.2"], ["10.0.0.1", "10.0.0.2"]),
      (["10.0.0.0", "10.0.0.1", "10.0.0.2/31", "10.0.0.4/30"], ["10.0.0.0/29"]),
      (["0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"], ["0.0.0.0/0", "::/0"]),
      (["fd00::/8", "9.0.0.0/8", "8.0.0.0/8", "::1"], ["8.0.0.0/7", "::1", "fd00::/8"]),
      (["255.255.255.255", "255.255.255.254"], ["255.255.255.254/31"]),
    ] as [([String], [String])])
  func blocks(texts: [String], merged: [String]) throws {
    let blocks = try texts.map { try #require(CIDR($0)) }
    #expect(blocks.coalesced().map(\.description) == merged)
  }

  /// Against a list of all 256 addresses of a small block.
  @Test("random blocks mean the same addresses merged, and none could be left out or joined")
  func randomBlocks() {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<300 {
      let blocks = (0..<Int.random(in: 0...20, using: &random)).map { _ in
        let address = IPAddress.v4(IPv4Address(rawValue: .random(in: 0...255, using: &random)))
        return CIDR(containing: address, prefixLength: .random(in: 25...32, using: &random))!
      }
      let merged = blocks.coalesced()
      for value in 0...UInt32(255) {
        let address = IPAddress.v4(IPv4Address(rawValue: value))
        let holders = merged.count { $0.contains(address) }
        #expect(holders == (blocks.contains { $0.contains(address) } ? 1 : 0))
      }
      #expect(merged.coalesced() == merged)
      for (one, next) in zip(merged, merged.dropFirst()) {
        let parent = CIDR(containing: one.base, prefixLength: one.prefixLength - 1)!
        #expect(one.prefixLength != next.prefixLength || !parent.contains(next))
      }
    }
  }

  @Test(
    "ranges of ports",
    arguments: [
      ([], []), ([80...80, 81...81], [80...81]), ([80...80, 82...82], [80...80, 82...82]),
      ([8000...8099, 8050...9000, 22...22], [22...22, 8000...9000]),
      ([1...65535, 65535...65535, 0...0], [0...65535]), ([10...20, 12...13], [10...20]),
    ] as [([ClosedRange<UInt16>], [ClosedRange<UInt16>])])
  func ports(ranges: [ClosedRange<UInt16>], merged: [ClosedRange<UInt16>]) {
    #expect(ranges.coalesced() == merged)
    #expect(ranges.reversed().coalesced() == merged)
  }
}
