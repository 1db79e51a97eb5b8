package import Addressing

extension Capture {
  /// Whose traffic a gateway captures, and how.
  package struct Gateway: Hashable, Sendable {
    /// The clients' addresses. Merged, IPv4 first; at least one block.
    package var sources: [CIDR]
    /// Where their packets arrive. Merged, ascending; at least one.
    package var interfaces: [InterfacePattern]
    package var method: Method

    package init(
      sources: [CIDR], interfaces: [InterfacePattern], method: Method = .redirect
    ) {
      self.sources = sources
      self.interfaces = interfaces
      self.method = method
    }

    /// How a connection reaches the sidecar.
    package enum Method: String, CaseIterable, Sendable {
      /// By NAT; the original destination is in conntrack. Needs an address on the interface.
      case redirect
      /// Untouched, through a routing rule; the sidecar's listener must be transparent.
      case tproxy
    }
  }
}

/// `capture.gateway:` as it is written, before the mode is known.
struct GatewayKeys: Sendable {
  /// Nil where it is absent, which gateway mode reports, or wrong, which is reported already.
  var sources: [CIDR]?
  /// As `sources`.
  var interfaces: [InterfacePattern]?
  var method: Capture.Gateway.Method
}

enum CaptureGatewaySection {
  static let sources = Key(
    "sources", .includedBlocks, otherwise: "**required** in gateway mode",
    "The addresses of the clients whose traffic is captured.")
  static let interfaces = Key(
    "interfaces", .includedInterfaces, otherwise: "**required** in gateway mode",
    "The interfaces on which their packets arrive.")
  static let method = Key(
    "method", .word, default: Capture.Gateway.Method.redirect, shown: "redirect",
    "How a connection reaches the sidecar. `redirect` needs an address on the interface; `tproxy` "
      + "needs none, but a sidecar that is started with `CAP_NET_ADMIN`.")

  static let keys = [sources.declaration, interfaces.declaration, method.declaration]

  static let type: ValueType<GatewayKeys> = .section(keys) { section in
    GatewayKeys(
      sources: section.read(sources)?.coalesced(),
      interfaces: section.read(interfaces)?.coalesced(),
      method: section.read(method))
  }
}
