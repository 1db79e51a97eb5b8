package import Addressing
internal import Configuration

/// How the machine's interfaces contradict the plan.
package enum InterfaceComplaint: Hashable, Sendable {
  case missing(key: String, InterfacePattern)
  /// NAT would have nowhere to redirect to: the kernel drops IPv4 there, and IPv6 goes to a
  /// link-local address.
  case noAddress(key: String, interface: String, RoutingFamily)
}

extension InterfaceComplaint: CustomStringConvertible {
  /// One sentence without a full stop.
  package var description: String {
    switch self {
    case .missing(let key, let pattern): "\(key): there is no interface \(pattern)"
    case .noAddress(let key, let interface, let family):
      "\(key): \(interface) has no \(family == .ipv4 ? "IPv4" : "IPv6") address to redirect to; "
        + "give it one, or set capture.gateway.method to tproxy"
    }
  }
}

extension CapturePlan {
  private static let excludeKey = "capture.interfaces.exclude"
  private static let outboundKey = "capture.interfaces.treatAsOutbound"
  private static let gatewayKey = "capture.gateway.interfaces"

  private var namedInterfaces: [(key: String, patterns: [InterfacePattern])] {
    [
      (Self.excludeKey, capture.interfaces.exclude),
      (Self.outboundKey, capture.interfaces.treatAsOutbound),
      (Self.gatewayKey, capture.gateway?.interfaces ?? []),
    ]
  }

  /// The first thing that is wrong; nil where the plan fits. A pattern may match nothing yet.
  func complaint(about present: [NetworkInterface]) -> InterfaceComplaint? {
    for (key, patterns) in namedInterfaces {
      for pattern in patterns
      where !pattern.isPrefix && !present.contains(where: { pattern.matches($0.name) }) {
        return .missing(key: key, pattern)
      }
    }
    guard capture.gateway?.method != .tproxy else { return nil }
    for (key, patterns) in namedInterfaces where key != Self.excludeKey {
      for interface in present where patterns.contains(where: { $0.matches(interface.name) }) {
        for family in capturedFamilies where !interface.hasAddress(of: family) {
          return .noAddress(key: key, interface: interface.name, family)
        }
      }
    }
    return nil
  }

  /// The families that come in on others' interfaces: of machines within the pod nothing is known,
  /// so those of which the document says something.
  private var capturedFamilies: [RoutingFamily] {
    guard let gateway = capture.gateway else { return [.ipv4] }
    return RoutingFamily.allCases.filter { family in
      gateway.sources.contains { $0.base.bitWidth == (family == .ipv4 ? 32 : 128) }
    }
  }

  /// The families that TPROXY's routing is needed for at least; there may be none of IPv6 where the
  /// host has it switched off.
  var routedFamilies: [RoutingFamily] { capture.gateway == nil ? [] : capturedFamilies }

  /// Where packets go that TPROXY marked: to this host. A pattern's interfaces come and go, so its
  /// rule is for packets from anywhere.
  var routingRules: [RoutingRule] {
    guard let gateway = capture.gateway, gateway.method == .tproxy else { return [] }
    let rules = gateway.interfaces.map {
      RoutingRule(mark: mark.captured, interface: $0.isPrefix ? nil : $0.name)
    }
    return rules.contains { $0.interface == nil } ? [RoutingRule(mark: mark.captured)] : rules
  }
}
