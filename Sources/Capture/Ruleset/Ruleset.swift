package import Addressing

/// One nftables table of family `inet` as a value: what it holds, in the order in which the kernel
/// keeps it.
///
/// It is made without touching the kernel (`init(sidecar:)`), printed as nft prints it
/// (`nftText`) and turned into what one netlink transaction sends (`operations`).
package struct Ruleset: Hashable, Sendable {
  package var table: String
  package var sets: [NamedSet]
  package var chains: [Chain]

  package init(table: String, sets: [NamedSet], chains: [Chain]) {
    self.table = table
    self.sets = sets
    self.chains = chains
  }
}

/// A set that rules refer to by name, so that its members can be many.
package struct NamedSet: Hashable, Sendable {
  package enum KeyType: Hashable, Sendable { case uid, ipv4Address, ipv6Address }

  package var name: String
  package var keyType: KeyType
  /// Ascending and without duplicates: the order in which `nft list` prints them.
  package private(set) var elements: [Value]

  package init(name: String, uids: [UInt32]) {
    self.name = name
    keyType = .uid
    elements = Set(uids).sorted().map { .uid($0) }
  }

  package init(name: String, addresses: [IPv4Address]) {
    self.name = name
    keyType = .ipv4Address
    elements = Set(addresses).sorted().map { .address(.v4($0)) }
  }

  package init(name: String, addresses: [IPv6Address]) {
    self.name = name
    keyType = .ipv6Address
    elements = Set(addresses).sorted().map { .address(.v6($0)) }
  }
}

/// Rules that are tried in order. A chain with a hook sees packets by itself, the others only those
/// that are sent to them.
package struct Chain: Hashable, Sendable {
  package var name: String
  package var hook: Hook?
  package var rules: [Rule]

  package init(_ name: String, hook: Hook? = nil, _ rules: [Rule]) {
    self.name = name
    self.hook = hook
    self.rules = rules
  }
}

/// Where a base chain hangs in the packet's way.
package struct Hook: Hashable, Sendable {
  package enum Kind: String, Sendable { case filter, nat }
  package enum Point: String, Sendable { case input, forward, output, postrouting }
  package enum Policy: String, Sendable { case accept, drop }

  package var kind: Kind
  package var point: Point
  /// Lower runs earlier. Output NAT must run at -100: the kernel refuses others with EOPNOTSUPP.
  package var priority: Int32
  /// What happens to a packet that no rule decided.
  package var policy: Policy

  package init(_ kind: Kind, _ point: Point, priority: Int32, policy: Policy) {
    self.kind = kind
    self.point = point
    self.priority = priority
    self.policy = policy
  }
}

/// All matches must hold; then the statements run in order.
package struct Rule: Hashable, Sendable {
  package var matches: [Match]
  package var statements: [Statement]

  package init(_ matches: [Match] = [], _ statements: [Statement]) {
    self.matches = matches
    self.statements = statements
  }
}

/// What a rule does to a packet that it matched. The ones that end the packet's way through the
/// chain come last in a rule.
package enum Statement: Hashable, Sendable {
  case counter
  /// Writes `tag` into the bits of the connection's mark that `mask` covers; others' bits stay.
  case tagConnection(tag: UInt32, mask: UInt32)
  /// Goes on in the chain that the selector's value names; falls through where none does.
  case dispatch(Selector, [Branch])
  case accept
  case drop
  case `return`
  case goto(String)
  /// Only for TCP: the rule must have matched that.
  case rejectWithReset
  /// "Administratively prohibited", as ICMP or ICMPv6.
  case rejectAsProhibited
  /// To the same port number of this host's loopback address of the packet's family.
  case redirect(port: UInt16)
}

/// One arm of a dispatch.
package struct Branch: Hashable, Sendable {
  package var value: Value
  package var chain: String

  package init(_ value: Value, goto chain: String) {
    self.value = value
    self.chain = chain
  }
}
