internal import Addressing
package import Policy

/// Who may reach the workload, and how.
package struct Inbound: Hashable, Sendable {
  package var mode: InboundMode
  /// In the document's order; the first match wins. Empty admits nobody.
  package var rules: [InboundRule]
  /// Relayed unseen. Merged, ascending.
  package var opaquePorts: [ClosedRange<UInt16>]
  /// Taken without TLS. Merged, ascending.
  package var plaintextPorts: [ClosedRange<UInt16>]
  package var probes: [InboundProbe]

  package init(
    mode: InboundMode = .off, rules: [InboundRule] = [],
    opaquePorts: [ClosedRange<UInt16>] = [], plaintextPorts: [ClosedRange<UInt16>] = [],
    probes: [InboundProbe] = []
  ) {
    self.mode = mode
    self.rules = rules
    self.opaquePorts = opaquePorts.coalesced()
    self.plaintextPorts = plaintextPorts.coalesced()
    self.probes = probes
  }

  /// Compiled for deciding.
  package var policy: InboundPolicy {
    InboundPolicy(
      mode: mode, rules: rules, opaquePorts: opaquePorts, plaintextPorts: plaintextPorts,
      probes: probes)
  }
}

/// `inbound:`
enum InboundSection {
  static let mode = Key(
    "mode", .word, default: InboundMode.off, shown: "off",
    "How connections to the workload are taken. `strict`: over mutual TLS only. `permissive`: in "
      + "plain text too, where a rule without `peer` admits it. `off`: not at all.")
  static let allow: Key<[InboundRule]> = Key(
    "allow", .list(of: InboundRuleSection.type), default: [], shown: "empty",
    "Who may reach the workload. The first rule whose peer, port and method all match admits; what "
      + "none admits is denied.")
  static let opaquePorts = Key(
    "opaquePorts", .ports, default: [], shown: "none",
    "Ports whose protocol the server begins, or that is not HTTP: what is admitted there is relayed "
      + "without a look at it, and gets no headers.")
  static let plaintextPorts = Key(
    "plaintextPorts", .ports, default: [], shown: "none",
    "Ports that are open to everyone without TLS, in strict mode too, such as one for metrics.")
  static let probes: Key<[InboundProbe]> = Key(
    "probes", .list(of: InboundProbeSection.type), default: [], shown: "none",
    "Health checks that are let in without TLS: GET and HEAD of exactly this path on this port.")

  static let keys = [
    mode.declaration, allow.declaration, opaquePorts.declaration, plaintextPorts.declaration,
    probes.declaration,
  ]

  static let type: ValueType<Inbound> = .section(keys) { section in
    let inbound = Inbound(
      mode: section.read(mode), rules: section.read(allow),
      opaquePorts: section.read(opaquePorts), plaintextPorts: section.read(plaintextPorts),
      probes: section.read(probes))
    section.warn(of: inbound)
    return inbound
  }
}

extension SectionReader {
  private typealias Section = InboundSection

  fileprivate func warn(of inbound: Inbound) {
    guard inbound.mode != .off else {
      let others = [
        Section.allow.name, Section.opaquePorts.name, Section.plaintextPorts.name,
        Section.probes.name,
      ]
      for name in others where position(at: name) != nil {
        warning("has no effect while inbound.mode is off", at: [name])
      }
      return
    }
    if inbound.rules.isEmpty, inbound.plaintextPorts.isEmpty {
      warning("no rule admits anyone: every connection will be denied", at: Section.allow)
    } else if inbound.mode == .permissive, inbound.rules.allSatisfy({ $0.peer != nil }) {
      warning(
        "every rule names a peer, so plain text is denied as in strict mode", at: Section.mode)
    }
    for rule in inbound.rules where !rule.allowedMethods.isEmpty && !rule.ports.isEmpty {
      let seen = rule.ports.contains { ports in
        !inbound.opaquePorts.contains { $0.contains(ports) }
      }
      if !seen {
        warning(
          "the rule \(excerpt(rule.name)) has allowedMethods and names opaque ports alone, where no "
            + "method can be seen: it admits nothing", at: Section.allow)
      }
    }
  }
}
