/// One nftables table as the kernel holds it, in the kernel's own numbers and order: what it means
/// is found out from this value, without the kernel.
package struct TableDump: Hashable, Sendable {
  package var family: KernelFamily
  package var name: String
  package var handle: UInt64
  /// What the programs that made the table noted on it; the kernel keeps it unread.
  package var userData: [UInt8]
  /// In the order in which they were made.
  package var chains: [DumpedChain]
  /// Named ones and those that were made for one rule, in the order in which they were made.
  package var sets: [DumpedSet]
  /// Chain by chain, each chain's in the order in which they are tried.
  package var rules: [DumpedRule]
  /// The number of the kernel's ruleset that all of this was read from: it grows with each change.
  package var generation: UInt32
}

/// The packets that a table's chains can see: the kernel's number of a protocol family.
package struct KernelFamily: RawRepresentable, Hashable, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package static let inet = KernelFamily(rawValue: 1)
  package static let ip = KernelFamily(rawValue: 2)
  package static let arp = KernelFamily(rawValue: 3)
  package static let netdev = KernelFamily(rawValue: 5)
  package static let bridge = KernelFamily(rawValue: 7)
  package static let ip6 = KernelFamily(rawValue: 10)
}

extension KernelFamily: CustomStringConvertible {
  /// As nft names it.
  package var description: String {
    switch self {
    case .inet: "inet"
    case .ip: "ip"
    case .arp: "arp"
    case .netdev: "netdev"
    case .bridge: "bridge"
    case .ip6: "ip6"
    default: "family \(rawValue)"
    }
  }
}

package struct DumpedChain: Hashable, Sendable {
  package struct Hook: Hashable, Sendable {
    /// `filter`, `nat`, `route`.
    package var kind: String
    /// The kernel's number of the place, which depends on the family.
    package var number: UInt32
    package var priority: Int32
    /// The verdict's number: `NF_ACCEPT`, `NF_DROP`.
    package var policy: UInt32
    /// The interfaces that it is bound to; none in families that see all.
    package var devices: [String]
  }

  package var name: String
  package var handle: UInt64
  /// Nil for a chain that only rules send packets to.
  package var hook: Hook?
}

package struct DumpedSet: Hashable, Sendable {
  package var name: String
  package var handle: UInt64
  /// `enum nft_set_flags`
  package var flags: UInt32
  /// nft's number of the keys' type.
  package var keyType: UInt32
  /// In bytes.
  package var keyLength: UInt32
  /// Of a map: what keys lead to. 0 for a set.
  package var dataType: UInt32
  package var userData: [UInt8]
  /// By key, since the kernel has no order for them.
  package var elements: [DumpedElement]
}

package struct DumpedElement: Hashable, Sendable {
  package var key: [UInt8]
  /// The last key of a range, in sets of ranges over several fields.
  package var keyEnd: [UInt8]?
  /// `enum nft_set_elem_flags`
  package var flags: UInt32
  /// Of a dispatch: the verdict's number, and the chain where it names one.
  package var verdict: Int32?
  package var chain: String?
}

package struct DumpedRule: Hashable, Sendable {
  package var chain: String
  package var handle: UInt64
  /// The handle of the rule before it; 0 for a chain's first.
  package var position: UInt64
  /// nft keeps comments here.
  package var userData: [UInt8]
  /// Without what was counted, which stands beside them.
  package var expressions: [KernelExpression]
  /// Of the rule's first counter; nil where it has none.
  package var counter: RuleCounter?
}

/// What a rule has counted since it was made.
package struct RuleCounter: Hashable, Sendable {
  package var packets: UInt64
  package var bytes: UInt64

  package init(packets: UInt64, bytes: UInt64) {
    self.packets = packets
    self.bytes = bytes
  }
}

/// A table of anyone's, by its name and what it hooks into.
package struct TableSummary: Hashable, Sendable {
  package var family: KernelFamily
  package var name: String
  package var userData: [UInt8]
  package var chains: [DumpedChain]
}
