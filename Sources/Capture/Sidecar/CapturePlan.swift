package import Addressing

/// What portarium-init is to program, as far as the document says it: the ruleset follows from it
/// alone, without a look at the machine.
package struct CapturePlan: Hashable, Sendable {
  package let ports: ProxyPorts
  /// The uids whose TCP leaves undisturbed: the sidecar's. Ascending.
  package let proxyUIDs: [UInt32]
  package let resolvers: ResolverSource
  package let mark: ConnectionMark

  package init(
    ports: ProxyPorts, proxyUIDs: [UInt32], resolvers: ResolverSource,
    mark: ConnectionMark = .standard
  ) throws(CapturePlanError) {
    guard !proxyUIDs.isEmpty else { throw .noProxyUID }
    var seen: Set<UInt32> = []
    for uid in proxyUIDs {
      // Root may do anything anyway, and every container that forgot to choose a user is root.
      guard uid != 0 else { throw .proxyUIDIsRoot }
      // (uid_t)-1 is "no uid" to every system call.
      guard uid != .max else { throw .proxyUIDInvalid }
      guard seen.insert(uid).inserted else { throw .proxyUIDRepeated(uid) }
    }
    try ports.check()
    if case .listed(let addresses) = resolvers {
      for address in addresses where !address.canBeResolver {
        throw .resolverNotUnicast(address)
      }
    }
    self.ports = ports
    self.proxyUIDs = proxyUIDs.sorted()
    self.resolvers = resolvers
    self.mark = mark
  }

  /// The same plan with resolvers that have been found out.
  package func settingResolvers(_ found: [IPAddress]) throws(CapturePlanError) -> CapturePlan {
    try CapturePlan(
      ports: ports, proxyUIDs: proxyUIDs, resolvers: .listed(found), mark: mark)
  }
}

/// Where the DNS servers come from that may be asked directly.
package enum ResolverSource: Hashable, Sendable {
  /// By the document; none is a valid choice.
  case listed([IPAddress])
  /// Those of /etc/resolv.conf at the time of `apply`; a plan leaves their sets empty.
  case system
}

/// The ports of the sidecar. 1...65535, each its own; `health` may be 0: off.
package struct ProxyPorts: Hashable, Sendable {
  package var proxy: UInt16
  package var inbound: UInt16
  package var admin: UInt16
  package var dns: UInt16
  package var health: UInt16

  package init(
    proxy: UInt16 = 15001, inbound: UInt16 = 15006, admin: UInt16 = 15000, dns: UInt16 = 15053,
    health: UInt16 = 15021
  ) {
    self.proxy = proxy
    self.inbound = inbound
    self.admin = admin
    self.dns = dns
    self.health = health
  }

  fileprivate func check() throws(CapturePlanError) {
    let named: [(String, UInt16)] = [
      ("proxyPort", proxy), ("inboundPort", inbound), ("adminPort", admin), ("dnsPort", dns),
      ("healthPort", health),
    ]
    var owners: [UInt16: String] = [:]
    for (name, port) in named {
      if port == 0 {
        if name == "healthPort" { continue }
        throw .portZero(name)
      }
      if let other = owners.updateValue(name, forKey: port) {
        throw .portShared(port, other, name)
      }
    }
  }
}

/// The bits of the conntrack mark that say how a connection was judged.
package struct ConnectionMark: Hashable, Sendable {
  package static let standard = ConnectionMark(mask: 0xf000)!

  /// A run of at least three bits; all others belong to whoever uses them.
  package let mask: UInt32

  /// Nil where the mask is no single run of three bits or more.
  package init?(mask: UInt32) {
    let run = mask >> mask.trailingZeroBitCount
    guard mask != 0, mask.nonzeroBitCount >= 3, run & (run &+ 1) == 0 else { return nil }
    self.mask = mask
  }

  /// By the workload, redirected to the sidecar.
  package var captured: UInt32 { tag(1) }
  /// By the sidecar.
  package var proxy: UInt32 { tag(2) }
  /// From outside, to a server in the pod.
  package var inbound: UInt32 { tag(3) }
  /// To a resolver.
  package var dns: UInt32 { tag(4) }

  private func tag(_ number: UInt32) -> UInt32 { number << mask.trailingZeroBitCount }
}

package enum CapturePlanError: Error, Hashable, Sendable {
  case noProxyUID
  case proxyUIDIsRoot
  case proxyUIDInvalid
  case proxyUIDRepeated(UInt32)
  /// 65534 stands for every unmapped uid inside a user namespace: exempting it exempts them all.
  case proxyUIDUnmapped(UInt32)
  case portZero(String)
  case portShared(UInt16, String, String)
  case resolverNotUnicast(IPAddress)
}

extension CapturePlanError: CustomStringConvertible {
  /// One sentence without a full stop.
  package var description: String {
    switch self {
    case .noProxyUID:
      "capture.proxyUID: at least one uid must be the sidecar's"
    case .proxyUIDIsRoot:
      "capture.proxyUID: 0 (root) can't be exempt, since a workload that runs as root would be too"
    case .proxyUIDInvalid:
      "capture.proxyUID: 4294967295 is no uid"
    case .proxyUIDRepeated(let uid):
      "capture.proxyUID: \(uid) is listed twice"
    case .proxyUIDUnmapped(let uid):
      "capture.proxyUID: \(uid) is what every uid looks like that this user namespace doesn't map"
    case .portZero(let name):
      "\(name): 0 is no port"
    case .portShared(let port, let one, let other):
      "\(one) and \(other) are both \(port)"
    case .resolverNotUnicast(let address):
      "capture.resolvers: \(address) is no address of a server"
    }
  }
}

extension IPAddress {
  /// Queries to it stay on this host: it needs no rule. The resolver library takes the unspecified
  /// address for this host.
  var isOwnHost: Bool {
    switch canonical {
    case .v4(let v4): v4.rawValue >> 24 == 127 || v4.rawValue == 0
    case .v6(let v6): v6.rawValue <= 1
    }
  }

  fileprivate var canBeResolver: Bool {
    switch canonical {
    case .v4(let v4): v4.rawValue >> 28 < 0xe
    case .v6(let v6): v6.rawValue >> 120 != 0xff
    }
  }
}
