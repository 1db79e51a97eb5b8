internal import Addressing
internal import Configuration

extension Ruleset {
  /// Our table and nobody else's.
  package static let table = TableIdentity(.inet, "portarium")

  /// What the plan asks for. docs/capture.md explains it chain by chain. Resolvers that the plan
  /// leaves to the system are empty sets here.
  package init(_ plan: CapturePlan) {
    self.init(
      table: Self.table, sets: NamedSet.all(of: plan),
      chains: plan.capture.gateway.map { GatewayChains(plan: plan, gateway: $0).all }
        ?? SidecarChains(plan: plan).all)
  }
}

enum SetName {
  static let proxyUIDs = "proxy_uids"
  static let proxyGIDs = "proxy_gids"
  static let resolvers4 = "resolvers4"
  static let resolvers6 = "resolvers6"
  static let sources4 = "sources4"
  static let sources6 = "sources6"
  static let excludedPorts = "excluded_ports"
  static let excluded4 = "excluded4"
  static let excluded6 = "excluded6"
  static let includedPorts = "included_ports"
  static let included4 = "included4"
  static let included6 = "included6"
  static let capturedLoopback4 = "captured_loopback4"
  static let inboundPorts = "inbound_ports"
  static let directPorts = "direct_ports"
}

extension NamedSet {
  /// In the order in which they stand in the table. Who the proxy is and which resolvers there are
  /// is always a set, so that one look tells; the others are there where they hold something.
  fileprivate static func all(of plan: CapturePlan) -> [NamedSet] {
    let capture = plan.capture
    var resolvers4: [IPv4Address] = []
    var resolvers6: [IPv6Address] = []
    for address in plan.remoteResolvers {
      switch address.canonical {
      case .v4(let v4): resolvers4.append(v4)
      case .v6(let v6): resolvers6.append(v6)
      }
    }
    var sets: [NamedSet] = []
    if let gateway = capture.gateway {
      sets += blocks(SetName.sources4, SetName.sources6, gateway.sources)
    } else {
      sets.append(NamedSet(name: SetName.proxyUIDs, uids: capture.proxyUIDs))
      if !capture.proxyGIDs.isEmpty {
        sets.append(NamedSet(name: SetName.proxyGIDs, gids: capture.proxyGIDs))
      }
    }
    sets.append(NamedSet(name: SetName.resolvers4, addresses: resolvers4))
    sets.append(NamedSet(name: SetName.resolvers6, addresses: resolvers6))
    let outbound = capture.outbound
    sets += ports(SetName.excludedPorts, outbound.excludePorts)
    sets += blocks(SetName.excluded4, SetName.excluded6, outbound.excludeCIDRs)
    sets += ports(SetName.includedPorts, outbound.includePorts)
    sets += blocks(SetName.included4, SetName.included6, outbound.includeCIDRs)
    let loopback = NamedSet(
      name: SetName.capturedLoopback4, ipv4: .wholeLoopback4, without: capture.loopbackCIDRs)
    if capture.gateway == nil, !loopback.elements.isEmpty { sets.append(loopback) }
    if capture.inbound.redirect {
      sets += ports(SetName.inboundPorts, capture.inbound.includePorts)
      sets += ports(SetName.directPorts, capture.inbound.excludePorts)
    }
    return sets
  }

  private static func ports(_ name: String, _ ports: [ClosedRange<UInt16>]) -> [NamedSet] {
    ports.isEmpty ? [] : [NamedSet(name: name, ports: ports)]
  }

  private static func blocks(_ name4: String, _ name6: String, _ blocks: [CIDR]) -> [NamedSet] {
    [NamedSet(name: name4, ipv4: blocks), NamedSet(name: name6, ipv6: blocks)]
      .filter { !$0.elements.isEmpty }
  }
}

extension CIDR {
  static let wholeLoopback4 = CIDR(
    base: .v4(IPv4Address(rawValue: 127 << 24)), prefixLength: 8)!
  static let linkLocal6 = CIDR(
    base: .v6(IPv6Address(rawValue: 0xfe80 << 112)), prefixLength: 10)!
}
