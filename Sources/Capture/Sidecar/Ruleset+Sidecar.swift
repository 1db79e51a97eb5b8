internal import Addressing

extension Ruleset {
  /// Our table and nobody else's.
  package static let table = TableIdentity(.inet, "portarium")

  /// What holds in a pod: the workload's TCP goes to the sidecar, the sidecar's goes out, answers
  /// of the pod's own servers go out, questions to the resolvers go out, nothing else does.
  ///
  /// docs/capture.md explains it chain by chain. Resolvers that the plan leaves to the system are
  /// empty sets here.
  package init(sidecar plan: CapturePlan) {
    var resolvers4: [IPv4Address] = []
    var resolvers6: [IPv6Address] = []
    if case .listed(let addresses) = plan.resolvers {
      for address in addresses where !address.isOwnHost {
        switch address.canonical {
        case .v4(let v4): resolvers4.append(v4)
        case .v6(let v6): resolvers6.append(v6)
        }
      }
    }
    self.init(
      table: Self.table,
      sets: [
        NamedSet(name: SetName.proxyUIDs, uids: plan.proxyUIDs),
        NamedSet(name: SetName.resolvers4, addresses: resolvers4),
        NamedSet(name: SetName.resolvers6, addresses: resolvers6),
      ],
      chains: SidecarChains(ports: plan.ports, mark: plan.mark).all)
  }
}

enum SetName {
  static let proxyUIDs = "proxy_uids"
  static let resolvers4 = "resolvers4"
  static let resolvers6 = "resolvers6"
}

enum ChainName {
  static let natOutput = "nat_output"
  static let output = "output"
  static let loopback = "loopback"
  static let ownPorts = "own_ports"
  static let kernelOnly = "kernel_only"
  static let icmpOut = "icmp_out"
  static let captured = "captured"
  static let proxy = "proxy"
  static let inbound = "inbound"
  static let dns = "dns"
  static let refuse = "refuse"
  static let input = "input"
  static let inputLoopback = "input_lo"
  static let forward = "forward"
  static let postrouting = "postrouting"
}

/// Matches that more than one chain uses.
extension Match {
  static let leavesOnLoopback = Match(.outputInterface, .is(.interface("lo")))
  static let isProxys = Match(.socketUID, .isIn(set: SetName.proxyUIDs))
  /// Some process's socket sent it. A uid range is the only way to ask: any uid is in it, and a
  /// packet without a socket's file has none.
  static let isAnyones = Match(.socketUID, .isBetween(.uid(0), .uid(.max)))
  static let isTCP = Match(.layer4Protocol, .is(.layer4Protocol(.tcp)))
  static let isTCPOrUDP = Match(
    .layer4Protocol, .isOneOf([.layer4Protocol(.tcp), .layer4Protocol(.udp)]))
  static let isToResolver4 = Match(.ipv4Destination, .isIn(set: SetName.resolvers4))
  static let isToResolver6 = Match(.ipv6Destination, .isIn(set: SetName.resolvers6))
  static let isNewConnection = Match(.connectionState, .has(.state(.new)))
  static let hasSYN = Match(.tcpFlags(among: .syn), .is(.tcpFlags(.syn)))
  static let isReset = Match(.tcpFlags(among: .rst), .is(.tcpFlags(.rst)))
  static let comesFromElsewhere = Match(.sourceAddressType, .isNot(.addressType(.local)))

  static let isFromLinkLocal = Match(.ipv6Source, .is(.prefix(.linkLocal6)))
  static let isToLinkLocal = Match(.ipv6Destination, .is(.prefix(.linkLocal6)))

  /// Ports in any order; one is compared, several are looked up.
  static func port(_ selector: Selector, _ ports: [UInt16]) -> Match {
    let ports = Set(ports).sorted()
    return ports.count == 1
      ? Match(selector, .is(.port(ports[0])))
      : Match(selector, .isOneOf(ports.map { .port($0) }))
  }
}

extension CIDR {
  fileprivate static let linkLocal6 = CIDR(
    base: .v6(IPv6Address(rawValue: 0xfe80 << 112)), prefixLength: 10)!
}
