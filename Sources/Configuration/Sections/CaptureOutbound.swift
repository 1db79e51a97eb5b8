package import Addressing

extension Capture {
  /// Which of the workload's outgoing traffic is captured. An exclusion wins over an inclusion.
  package struct Outbound: Hashable, Sendable {
    /// TCP to these ports is captured. Merged, ascending. Where this and `includeCIDRs` are empty,
    /// all TCP is captured; where either isn't, TCP that neither names is refused.
    package var includePorts: [ClosedRange<UInt16>]
    /// TCP and UDP to these ports leave undecided. Merged, ascending.
    package var excludePorts: [ClosedRange<UInt16>]
    /// TCP to these addresses is captured; see `includePorts`. Merged, IPv4 first.
    package var includeCIDRs: [CIDR]
    /// TCP and UDP to these addresses leave undecided. Merged, IPv4 first.
    package var excludeCIDRs: [CIDR]

    package init(
      includePorts: [ClosedRange<UInt16>] = [], excludePorts: [ClosedRange<UInt16>] = [],
      includeCIDRs: [CIDR] = [], excludeCIDRs: [CIDR] = []
    ) {
      self.includePorts = includePorts
      self.excludePorts = excludePorts
      self.includeCIDRs = includeCIDRs
      self.excludeCIDRs = excludeCIDRs
    }
  }
}

/// `capture.outbound:`
enum CaptureOutboundSection {
  static let includePorts = Key(
    "includePorts", .includedPorts, default: [], shown: "all",
    "TCP to these ports is captured. Where this or `includeCIDRs` is given, TCP that neither "
      + "names is refused.")
  static let excludePorts = Key(
    "excludePorts", .ports, default: [], shown: "none",
    "TCP and UDP to these ports leave directly, undecided.")
  static let includeCIDRs = Key(
    "includeCIDRs", .includedBlocks, default: [], shown: "all",
    "TCP to these addresses is captured. Where this or `includePorts` is given, TCP that neither "
      + "names is refused.")
  static let excludeCIDRs = Key(
    "excludeCIDRs", .blocks, default: [], shown: "none",
    "TCP and UDP to these addresses leave directly, undecided.")

  static let keys = [
    includePorts.declaration, excludePorts.declaration, includeCIDRs.declaration,
    excludeCIDRs.declaration,
  ]

  static let type: ValueType<Capture.Outbound> = .section(keys) { section in
    let outbound = Capture.Outbound(
      includePorts: section.read(includePorts).coalesced(),
      excludePorts: section.read(excludePorts).coalesced(),
      includeCIDRs: section.read(includeCIDRs).coalesced(),
      excludeCIDRs: section.read(excludeCIDRs).coalesced())
    if outbound.excludePorts == [1...65535] {
      section.warning("every port is excluded: all TCP and UDP leaves undecided", at: excludePorts)
    }
    for all in outbound.excludeCIDRs where all.prefixLength == 0 {
      section.warning(
        "\(all) is every address of its family: all its TCP and UDP leaves undecided",
        at: excludeCIDRs)
    }
    return outbound
  }
}
