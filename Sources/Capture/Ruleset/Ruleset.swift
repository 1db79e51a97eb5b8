/// One nftables table as a value: what it holds, in the order in which the kernel keeps it.
///
/// It is made without touching the kernel (`init(sidecar:)`), printed as nft prints it
/// (`nftText`) and turned into what one netlink transaction sends (`change`).
package struct Ruleset: Hashable, Sendable {
  package var table: TableIdentity
  package var sets: [NamedSet]
  package var chains: [Chain]

  package init(table: TableIdentity, sets: [NamedSet], chains: [Chain]) {
    self.table = table
    self.sets = sets
    self.chains = chains
  }
}

/// How the kernel knows a table: two families may each have one of the same name.
package struct TableIdentity: Hashable, Sendable {
  package var family: TableFamily
  package var name: String

  package init(_ family: TableFamily, _ name: String) {
    self.family = family
    self.name = name
  }
}

extension TableIdentity: CustomStringConvertible {
  /// As nft writes it: `inet portarium`.
  package var description: String { "\(family) \(name)" }
}

/// Which packets a table's chains see.
package enum TableFamily: String, Hashable, Sendable {
  /// IPv4 and IPv6.
  case inet
  /// Frames of single devices, whatever is in them.
  case netdev
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
  package enum Point: String, Sendable {
    case prerouting, input, forward, output, postrouting
    /// What leaves on one of a list of devices; only in tables of family `netdev`.
    case egress
  }
  package enum Policy: String, Sendable { case accept, drop }

  package var kind: Kind
  package var point: Point
  /// Lower runs earlier. Output NAT must run at -100: the kernel refuses others with EOPNOTSUPP.
  package var priority: Int32
  /// What happens to a packet that no rule decided.
  package var policy: Policy
  /// The devices of an egress chain; empty elsewhere.
  package var devices: [String]

  package init(
    _ kind: Kind, _ point: Point, priority: Int32, policy: Policy, devices: [String] = []
  ) {
    self.kind = kind
    self.point = point
    self.priority = priority
    self.policy = policy
    self.devices = devices
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
  /// Writes `tag` into the bits of the packet's mark that `mask` covers.
  case tagPacket(tag: UInt32, mask: UInt32)
  case setPacketMark(UInt32)
  case setPacketPriority(UInt32)
  /// Looks the connection up, and makes it, in a table of its own; before connection tracking
  /// (priority below -200).
  case setZone(UInt16)
  /// Goes on in the chain that the selector's value names; falls through where none does.
  case dispatch(Selector, [Branch])
  case accept
  case drop
  case `return`
  case goto(String)
  case jump(String)
  /// Only for TCP: the rule must have matched that.
  case rejectWithReset
  /// "Administratively prohibited", as ICMP or ICMPv6.
  case rejectAsProhibited
  /// To this port of an address of this host: a loopback address in the output hook, in prerouting
  /// the first one of the interface on which the packet arrived.
  case redirect(port: UInt16)
  /// Hands the packet to the socket of its connection, or else to the transparent listener of this
  /// port, without changing it. Where there is neither the rule ends here and the next one is tried:
  /// a drop must follow.
  case tproxy(port: UInt16)
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
