package import Addressing

/// What portarium-init programs into the kernel, as the document says it.
///
/// Every combination that a document is read into makes sense: what belongs to the other mode, or
/// contradicts itself, was refused.
package struct Capture: Hashable, Sendable {
  /// The uids whose traffic is not captured: the proxy's own. Ascending; at least one, never 0.
  package var proxyUIDs: [UInt32]
  /// The gids whose sockets are the proxy's too. Ascending; empty: none. Never 0.
  package var proxyGIDs: [UInt32]
  /// Uids that the workload runs as: none of them is a proxy's. Ascending; empty: not known.
  package var workloadUIDs: [UInt32]
  package var outbound: Outbound
  package var inbound: Inbound
  /// The DNS servers that the workload may ask directly; nil: those of `/etc/resolv.conf`.
  package var resolvers: [IPAddress]?
  /// Whether the workload's questions, whomever they are for, go to the document's `dnsPort`.
  package var dns: Bool
  package var nonTCP: NonTCP
  package var interfaces: Interfaces
  /// The part of 127.0.0.0/8 and ::1 whose traffic over `lo` is left alone. Merged, IPv4 first;
  /// always holds 127.0.0.1 and ::1.
  package var loopbackCIDRs: [CIDR]
  /// Nil exactly in sidecar mode.
  package var gateway: Gateway?
  /// Whether packets that arrive and that conntrack takes for invalid are dropped.
  package var dropInvalid: Bool
  package var existingConnections: ExistingConnections
  package var mark: Mark
  /// Nil: blocked where the kernel can.
  package var rawFrames: RawFrames?

  package init(
    proxyUIDs: [UInt32] = [1337], proxyGIDs: [UInt32] = [], workloadUIDs: [UInt32] = [],
    outbound: Outbound = Outbound(), inbound: Inbound = Inbound(), resolvers: [IPAddress]? = nil,
    dns: Bool = false, nonTCP: NonTCP = .reject, interfaces: Interfaces = Interfaces(),
    loopbackCIDRs: [CIDR] = Capture.wholeLoopback, gateway: Gateway? = nil,
    dropInvalid: Bool = false, existingConnections: ExistingConnections = .cut,
    mark: Mark = Mark(), rawFrames: RawFrames? = nil
  ) {
    self.proxyUIDs = proxyUIDs
    self.proxyGIDs = proxyGIDs
    self.workloadUIDs = workloadUIDs
    self.outbound = outbound
    self.inbound = inbound
    self.resolvers = resolvers
    self.dns = dns
    self.nonTCP = nonTCP
    self.interfaces = interfaces
    self.loopbackCIDRs = loopbackCIDRs
    self.gateway = gateway
    self.dropInvalid = dropInvalid
    self.existingConnections = existingConnections
    self.mark = mark
    self.rawFrames = rawFrames
  }

  /// 127.0.0.0/8 and ::1.
  package static let wholeLoopback = [
    CIDR(containing: .v4(IPv4Address(rawValue: 0x7f00_0001)), prefixLength: 8)!,
    CIDR(.v6(IPv6Address(rawValue: 1))),
  ]
}

extension Capture {
  /// Whose traffic is captured.
  package enum Mode: String, CaseIterable, Sendable {
    /// That of the network namespace's own processes.
    case sidecar
    /// That of others, which is routed through this network namespace.
    case gateway
  }

  package var mode: Mode { gateway == nil ? .sidecar : .gateway }

  /// What happens to everything that isn't TCP and that no rule lets pass.
  package enum NonTCP: String, CaseIterable, Sendable {
    /// The sender is told at once, so that a QUIC client falls back to TCP.
    case reject
    /// The sender waits.
    case drop
    /// It leaves undecided.
    case allow
  }

  /// What happens to connections that are older than the ruleset.
  package enum ExistingConnections: String, CaseIterable, Sendable {
    case cut
    /// Established TCP goes on until it ends, undecided.
    case keep
  }

  /// What happens to frames that no `inet` chain sees, such as those of AF_PACKET.
  package enum RawFrames: String, CaseIterable, Sendable {
    /// Kernels without the egress hook are refused.
    case block
    case ignore
  }

  /// The interfaces that are something else than the way out.
  package struct Interfaces: Hashable, Sendable {
    /// What leaves or arrives there is not judged. Merged, ascending.
    package var exclude: [InterfacePattern]
    /// What arrives there is captured like the workload's own traffic. Merged, ascending; no
    /// overlap with `exclude`; empty in gateway mode.
    package var treatAsOutbound: [InterfacePattern]

    package init(exclude: [InterfacePattern] = [], treatAsOutbound: [InterfacePattern] = []) {
      self.exclude = exclude
      self.treatAsOutbound = treatAsOutbound
    }
  }
}
