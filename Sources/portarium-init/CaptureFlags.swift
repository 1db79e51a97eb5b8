internal import ArgumentParser
internal import Configuration

/// The flags that stand for keys of the document: all of `capture:` and the ports. Each takes what
/// its key takes, read by the same reader; lists are separated by commas.
struct CaptureFlags: ParsableArguments {
  @Option(help: .key("proxyPort", "where the workload's connections are redirected", "port"))
  var proxyPort: String?
  @Option(help: .key("inboundPort", "where connections from outside are redirected", "port"))
  var inboundPort: String?
  @Option(help: .key("adminPort", "the sidecar's admin server", "port"))
  var adminPort: String?
  @Option(help: .key("healthPort", "the sidecar's health port, 0 for none", "port"))
  var healthPort: String?
  @Option(help: .key("dnsPort", "where the workload's DNS is redirected", "port"))
  var dnsPort: String?

  @Option(help: .key("capture.mode", "whose traffic is captured", "sidecar|gateway"))
  var mode: String?
  @Option(help: .key("capture.proxyUID", "the sidecar's uids", "uids"))
  var proxyUid: [String] = []
  @Option(help: .key("capture.proxyGID", "the sidecar's gids", "gids"))
  var proxyGid: [String] = []
  @Option(help: .key("capture.workloadUIDs", "uids that may not be the sidecar's", "uids"))
  var workloadUids: [String] = []

  @Option(help: .key("capture.outbound.includePorts", "captured ports", "ports"))
  var outboundPortsToInclude: [String] = []
  @Option(help: .key("capture.outbound.excludePorts", "ports left undecided", "ports"))
  var outboundPortsToExclude: [String] = []
  @Option(help: .key("capture.outbound.includeCIDRs", "captured destinations", "cidrs"))
  var outboundCidrsToInclude: [String] = []
  @Option(help: .key("capture.outbound.excludeCIDRs", "destinations left undecided", "cidrs"))
  var outboundCidrsToExclude: [String] = []

  @Flag(
    inversion: .prefixedNo, exclusivity: .exclusive,
    help: .key("capture.inbound.redirect", "redirect connections from outside"))
  var redirectInbound: Bool?
  @Option(help: .key("capture.inbound.includePorts", "redirected ports", "ports"))
  var inboundPortsToInclude: [String] = []
  @Option(help: .key("capture.inbound.excludePorts", "ports reached directly", "ports"))
  var inboundPortsToExclude: [String] = []

  @Option(help: .key("capture.resolvers", "DNS servers that may be asked", "addresses"))
  var resolvers: [String] = []
  @Flag(
    inversion: .prefixedNo, exclusivity: .exclusive,
    help: .key("capture.dns", "redirect DNS to dnsPort"))
  var redirectDns: Bool?
  @Option(help: .key("capture.nonTCP", "what happens to the rest", "reject|drop|allow"))
  var nonTcp: String?
  @Option(help: .key("capture.interfaces.exclude", "interfaces left alone", "names"))
  var excludeInterfaces: [String] = []
  @Option(
    help: .key("capture.interfaces.treatAsOutbound", "interfaces of machines within", "names"))
  var kubeVirtInterfaces: [String] = []
  @Option(help: .key("capture.loopbackCIDRs", "loopback left alone", "cidrs"))
  var loopbackCidrs: [String] = []

  @Option(help: .key("capture.gateway.sources", "a gateway's clients", "cidrs"))
  var gatewaySources: [String] = []
  @Option(help: .key("capture.gateway.interfaces", "where they arrive", "names"))
  var gatewayInterfaces: [String] = []
  @Option(help: .key("capture.gateway.method", "how they are captured", "redirect|tproxy"))
  var gatewayMethod: String?

  @Flag(
    inversion: .prefixedNo, exclusivity: .exclusive,
    help: .key("capture.dropInvalid", "drop invalid arrivals"))
  var dropInvalid: Bool?
  @Option(help: .key("capture.existingConnections", "what happens to older ones", "cut|keep"))
  var existingConnections: String?
  @Option(help: .key("capture.mark.value", "the lowest bit of the marks", "bit"))
  var markValue: String?
  @Option(help: .key("capture.mark.mask", "the bits of the marks", "bits"))
  var markMask: String?
  @Option(help: .key("capture.rawFrames", "what happens to raw frames", "block|ignore"))
  var rawFrames: String?

  /// Those that were given.
  var given: [DocumentFlag] {
    [
      one("--proxy-port", "proxyPort", proxyPort),
      one("--inbound-port", "inboundPort", inboundPort),
      one("--admin-port", "adminPort", adminPort),
      one("--health-port", "healthPort", healthPort),
      one("--dns-port", "dnsPort", dnsPort),
      one("--mode", "capture.mode", mode),
      list("--proxy-uid", "capture.proxyUID", proxyUid),
      list("--proxy-gid", "capture.proxyGID", proxyGid),
      list("--workload-uids", "capture.workloadUIDs", workloadUids),
      list(
        "--outbound-ports-to-include", "capture.outbound.includePorts", outboundPortsToInclude),
      list(
        "--outbound-ports-to-exclude", "capture.outbound.excludePorts", outboundPortsToExclude),
      list(
        "--outbound-cidrs-to-include", "capture.outbound.includeCIDRs", outboundCidrsToInclude),
      list(
        "--outbound-cidrs-to-exclude", "capture.outbound.excludeCIDRs", outboundCidrsToExclude),
      toggle("redirect-inbound", "capture.inbound.redirect", redirectInbound),
      list("--inbound-ports-to-include", "capture.inbound.includePorts", inboundPortsToInclude),
      list("--inbound-ports-to-exclude", "capture.inbound.excludePorts", inboundPortsToExclude),
      list("--resolvers", "capture.resolvers", resolvers),
      toggle("redirect-dns", "capture.dns", redirectDns),
      one("--non-tcp", "capture.nonTCP", nonTcp),
      list("--exclude-interfaces", "capture.interfaces.exclude", excludeInterfaces),
      list("--kube-virt-interfaces", "capture.interfaces.treatAsOutbound", kubeVirtInterfaces),
      list("--loopback-cidrs", "capture.loopbackCIDRs", loopbackCidrs),
      list("--gateway-sources", "capture.gateway.sources", gatewaySources),
      list("--gateway-interfaces", "capture.gateway.interfaces", gatewayInterfaces),
      one("--gateway-method", "capture.gateway.method", gatewayMethod),
      toggle("drop-invalid", "capture.dropInvalid", dropInvalid),
      one("--existing-connections", "capture.existingConnections", existingConnections),
      one("--mark-value", "capture.mark.value", markValue),
      one("--mark-mask", "capture.mark.mask", markMask),
      one("--raw-frames", "capture.rawFrames", rawFrames),
    ].compactMap(\.self)
  }

  private func one(_ name: String, _ key: String, _ value: String?) -> DocumentFlag? {
    value.map { DocumentFlag(name, for: key, [$0]) }
  }

  private func list(_ name: String, _ key: String, _ values: [String]) -> DocumentFlag? {
    values.isEmpty ? nil : DocumentFlag(name, for: key, values)
  }

  private func toggle(_ name: String, _ key: String, _ value: Bool?) -> DocumentFlag? {
    value.map { DocumentFlag($0 ? "--\(name)" : "--no-\(name)", for: key, ["\($0)"]) }
  }
}

extension ArgumentHelp {
  /// One line: the key that the flag stands for, and what it says.
  fileprivate static func key(
    _ path: String, _ meaning: String, _ value: String? = nil
  ) -> ArgumentHelp {
    ArgumentHelp("\(path): \(meaning)", valueName: value)
  }
}
