package import Addressing
package import Configuration

/// What portarium-init is to program, as far as the document says it: the ruleset follows from it
/// alone, without a look at the machine.
///
/// `Configuration` refuses every document that makes no sense, so a plan is always whole.
package struct CapturePlan: Hashable, Sendable {
  package let ports: ProxyPorts
  package private(set) var capture: Configuration.Capture

  package init(ports: ProxyPorts = ProxyPorts(), capture: Configuration.Capture) {
    self.ports = ports
    self.capture = capture
  }

  /// What the document asks for.
  package init(_ document: Document) {
    self.init(
      ports: ProxyPorts(
        proxy: document.proxyPort, inbound: document.inboundPort, admin: document.adminPort,
        dns: document.dnsPort, health: document.healthPort ?? 0),
      capture: document.capture)
  }

  /// The same plan with resolvers that have been found out.
  package func settingResolvers(_ found: [IPAddress]) -> CapturePlan {
    var plan = self
    plan.capture.resolvers = found
    return plan
  }

  package var mark: ConnectionMark {
    ConnectionMark(value: capture.mark.value, mask: capture.mark.mask)
  }

  /// Which resolvers there are is found out by `apply`; until then their sets are empty.
  package var leavesResolversToMachine: Bool { capture.resolvers == nil }

  /// The resolvers that need a rule: those of other hosts. Empty where only `apply` can know them.
  var remoteResolvers: [IPAddress] { (capture.resolvers ?? []).filter { !$0.isOwnHost } }
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
}

/// The bits of the conntrack mark that say how a connection was judged: multiples of `value`, all
/// within `mask`. Other bits belong to whoever uses them.
package struct ConnectionMark: Hashable, Sendable {
  /// A single bit of the mask.
  package let value: UInt32
  package let mask: UInt32

  /// By the workload, redirected to the sidecar.
  package var captured: UInt32 { value }
  /// By the sidecar.
  package var proxy: UInt32 { value * 2 }
  /// From outside, to a server in the pod, or behind the gateway.
  package var inbound: UInt32 { value * 3 }
  /// To a resolver.
  package var dns: UInt32 { value * 4 }
  /// By the workload, to what the document excludes.
  package var excluded: UInt32 { value * 5 }
  /// Older than the ruleset, and the document keeps such.
  package var kept: UInt32 { value * 6 }
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

  /// A server can have it: no group, no broadcast.
  var isUnicast: Bool {
    switch canonical {
    case .v4(let v4): v4.rawValue >> 28 < 0xe
    case .v6(let v6): v6.rawValue >> 120 != 0xff
    }
  }
}
