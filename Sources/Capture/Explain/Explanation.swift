package import Addressing

/// What rules do with a packet, and which of them decided.
package struct Explanation: Hashable, Sendable {
  package var packet: Packet
  package var verdict: Verdict
  /// How the sender learns of it; nil where the packet arrives.
  package var notice: Notice?
  /// Every rule that the packet matched, and the end of every chain with a hook that no rule
  /// decided, in order.
  package var steps: [Step]
  /// Where in `steps` it was decided; nil where no rule had a say.
  package var decidingIndex: Int?

  package var deciding: Step? { decidingIndex.map { steps[$0] } }
}

/// Where a packet's way ends, as far as rules decide.
package enum Verdict: Hashable, Sendable {
  /// At the sidecar's port, by a redirect or tproxy.
  case captured(port: UInt16)
  /// On the wire, as it was.
  case leaves(interface: String)
  /// On this host, as it was. Whether anybody listens there is another matter.
  case reachesThisHost
  case refused(Refusal)
  case dropped
}

/// What goes back to the sender.
package enum Refusal: Hashable, Sendable {
  /// A TCP reset.
  case reset
  /// The ICMP error "administratively prohibited".
  case prohibited
}

/// How a sender learns that its packet was refused or dropped.
package enum Notice: Hashable, Sendable {
  /// ECONNREFUSED, at once.
  case connectionRefused
  /// EPERM, at once: to a send, and to a `connect` that sends no segment.
  case notPermitted
  /// An ICMP error: EHOSTUNREACH over IPv4, EACCES over IPv6.
  case prohibited
  /// Nothing: it waits until it gives up.
  case none
}

/// One rule that a packet matched, or the end of a chain with a hook that no rule decided.
package struct Step: Hashable, Sendable {
  package var table: TableIdentity
  /// Where the chain that the packet began in hangs.
  package var point: Hook.Point
  package var chain: String
  /// In its chain, from 1; nil for the chain's policy.
  package var rule: Int?
  /// As nft writes it.
  package var text: String
  package var effects: [Effect]
}

package enum Effect: Hashable, Sendable {
  /// The connection's mark is this now.
  case taggedConnection(UInt32)
  case markedPacket(UInt32)
  case prioritizedPacket(UInt32)
  case zone(UInt16)
  /// The destination is this port of this host now: of this address, where it is known.
  case redirected(address: IPAddress?, port: UInt16)
  /// To the transparent listener of this port.
  case handedOver(port: UInt16)
  case went(toChain: String)
  case returned
  case accepted
  case refused(Refusal)
  case dropped
}
