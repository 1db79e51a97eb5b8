internal import Addressing

extension Capture {
  /// Which connections from outside are redirected to the sidecar.
  package struct Inbound: Hashable, Sendable {
    /// Whether any are; false in gateway mode.
    package var redirect: Bool
    /// Only connections to these ports. Merged, ascending; empty: to any port. None of the
    /// sidecar's own ports stands alone here, but a range may hold one, which is not redirected.
    package var includePorts: [ClosedRange<UInt16>]
    /// Not connections to these ports. Merged, ascending.
    package var excludePorts: [ClosedRange<UInt16>]

    package init(
      redirect: Bool = false, includePorts: [ClosedRange<UInt16>] = [],
      excludePorts: [ClosedRange<UInt16>] = []
    ) {
      self.redirect = redirect
      self.includePorts = includePorts
      self.excludePorts = excludePorts
    }

    /// Makes as few ranges of the ports as can be.
    mutating func merge() {
      includePorts = includePorts.coalesced()
      excludePorts = excludePorts.coalesced()
    }
  }
}

/// `capture.inbound:` as it is written: the ports are merged once they were compared with the
/// sidecar's own, which stand elsewhere.
enum CaptureInboundSection {
  static let redirect = Key(
    "redirect", .boolean, default: false,
    "Whether new TCP from outside is redirected to `inboundPort`. The sidecar's own ports never "
      + "are. Sidecar mode only.")
  static let includePorts = Key(
    "includePorts", .includedPorts, default: [], shown: "all",
    "The ports whose connections are redirected; others reach the workload directly.")
  static let excludePorts = Key(
    "excludePorts", .ports, default: [], shown: "none",
    "Ports whose connections reach the workload directly, such as those of probes.")

  static let keys = [redirect.declaration, includePorts.declaration, excludePorts.declaration]

  static let type: ValueType<Capture.Inbound> = .section(keys) { section in
    let inbound = Capture.Inbound(
      redirect: section.read(redirect), includePorts: section.read(includePorts),
      excludePorts: section.read(excludePorts))
    if !inbound.redirect {
      for key in [includePorts, excludePorts] where section.position(of: key) != nil {
        section.warning("has no effect: nothing is redirected without inbound.redirect", at: key)
      }
    }
    return inbound
  }
}
