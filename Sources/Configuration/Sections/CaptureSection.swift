internal import Addressing

/// `capture:`
enum CaptureSection {
  static let mode = Key(
    "mode", .word, default: Capture.Mode.sidecar, shown: "sidecar",
    "Whose traffic is captured: that of this network namespace (`sidecar`), or that of others, "
      + "which is routed through it (`gateway`).")
  static let proxyUID = Key(
    "proxyUID", .proxyUIDs, default: [1337], shown: "1337",
    "The uid, or the uids, that portarium-sidecar runs as: their connections are not captured. "
      + "Never 0, and never a uid that the workload can become.")
  static let proxyGID = Key(
    "proxyGID", .proxyGIDs, default: [], shown: "none",
    "Gids whose sockets count as the proxy's too. Never 0, and never a gid that the workload has.")
  static let workloadUIDs = Key(
    "workloadUIDs", .uids, default: [], shown: "not known",
    "Uids that the workload runs as. Only checked: none of them may be the proxy's.")
  static let outbound = Key(
    section: "outbound", CaptureOutboundSection.type, "What of the workload's traffic is captured.")
  static let inbound = Key(
    section: "inbound", CaptureInboundSection.type, "What of the traffic from outside is captured.")
  static let resolvers = Key(
    "resolvers", .resolvers, otherwise: "those of `/etc/resolv.conf`",
    "DNS servers that the workload may ask directly, over UDP and TCP port 53. With `dns: true` "
      + "only the sidecar may.")
  static let dns = Key(
    "dns", .boolean, default: false,
    "Whether all that the workload sends to UDP and TCP port 53 is redirected to `dnsPort`.")
  static let nonTCP = Key(
    "nonTCP", .word, default: Capture.NonTCP.reject, shown: "reject",
    "What happens to everything that is neither TCP nor let pass by another key. `reject` tells "
      + "the sender, `drop` doesn't, `allow` lets it leave undecided.")
  static let interfaces = Key(
    section: "interfaces", CaptureInterfacesSection.type, "Interfaces with a role of their own.")
  static let loopbackCIDRs = Key(
    "loopbackCIDRs", .loopbackBlocks, default: Capture.wholeLoopback,
    shown: "127.0.0.0/8 and ::1",
    "The part of 127.0.0.0/8 and ::1 whose traffic over `lo` is left alone; the rest of it is "
      + "captured. Must hold 127.0.0.1. A family that is not named keeps its default. Sidecar mode "
      + "only.")
  static let gateway = Key(
    section: "gateway", CaptureGatewaySection.type, "Whose traffic a gateway captures.")
  static let dropInvalid = Key(
    "dropInvalid", .boolean, default: false,
    "Whether arriving packets that conntrack takes for invalid are dropped.")
  static let existingConnections = Key(
    "existingConnections", .word, default: Capture.ExistingConnections.cut, shown: "cut",
    "What happens to connections that are older than the ruleset. `keep` lets established TCP go "
      + "on, undecided.")
  static let mark = Key(
    section: "mark", CaptureMarkSection.type, "The bits of the conntrack mark that are ours.")
  static let rawFrames: Key<Capture.RawFrames?> = Key(
    "rawFrames", .word, otherwise: "`block` where the kernel can",
    "Whether frames of raw sockets, which bypass everything else, are dropped as they leave. "
      + "`block` refuses kernels that can't (before 5.16, or without `CONFIG_NETFILTER_EGRESS`). "
      + "Sidecar mode only.")

  static let keys = [
    mode.declaration, proxyUID.declaration, proxyGID.declaration, workloadUIDs.declaration,
    outbound.declaration, inbound.declaration, resolvers.declaration, dns.declaration,
    nonTCP.declaration, interfaces.declaration, loopbackCIDRs.declaration, gateway.declaration,
    dropInvalid.declaration, existingConnections.declaration, mark.declaration,
    rawFrames.declaration,
  ]

  static let type: ValueType<Capture> = .section(keys) { section in
    let mode = section.read(mode)
    let gateway = section.read(gateway)
    let capture = Capture(
      proxyUIDs: section.read(proxyUID), proxyGIDs: section.read(proxyGID),
      workloadUIDs: section.read(workloadUIDs), outbound: section.read(outbound),
      inbound: section.read(inbound), resolvers: section.read(resolvers), dns: section.read(dns),
      nonTCP: section.read(nonTCP), interfaces: section.read(interfaces),
      loopbackCIDRs: section.read(loopbackCIDRs),
      gateway: mode == .sidecar
        ? nil
        : Capture.Gateway(
          sources: gateway.sources ?? [], interfaces: gateway.interfaces ?? [],
          method: gateway.method),
      dropInvalid: section.read(dropInvalid),
      existingConnections: section.read(existingConnections), mark: section.read(mark),
      rawFrames: section.read(rawFrames))
    section.refuseSharedUIDs(capture)
    if let gateway = capture.gateway {
      section.refuseSidecarKeys(capture)
      section.check(gateway, of: capture)
    } else {
      section.refuseGatewayKeys()
    }
    return capture
  }
}

extension SectionReader {
  private typealias Section = CaptureSection
  private typealias Gateway = CaptureGatewaySection

  fileprivate func refuseSharedUIDs(_ capture: Capture) {
    for uid in capture.workloadUIDs where capture.proxyUIDs.contains(uid) {
      error(
        "\(uid) is the proxy's uid: the workload would bypass the proxy",
        at: Section.workloadUIDs)
    }
  }

  fileprivate func refuseGatewayKeys() {
    if position(of: Section.gateway) != nil {
      error("is for gateway mode; the mode is sidecar", at: Section.gateway)
    }
  }

  fileprivate func refuseSidecarKeys(_ capture: Capture) {
    let refusal = "is for sidecar mode only; the mode is gateway"
    if capture.inbound.redirect {
      error(refusal, at: Section.inbound.name, CaptureInboundSection.redirect.name)
    }
    if !capture.interfaces.treatAsOutbound.isEmpty {
      error(refusal, at: Section.interfaces.name, CaptureInterfacesSection.treatAsOutbound.name)
    }
    if position(of: Section.loopbackCIDRs) != nil { error(refusal, at: Section.loopbackCIDRs) }
    if capture.rawFrames == .block {
      error("block is for sidecar mode only; the mode is gateway", at: Section.rawFrames)
    }
  }

  fileprivate func check(_ gateway: Capture.Gateway, of capture: Capture) {
    for required in [Gateway.sources.name, Gateway.interfaces.name]
    where position(at: Section.gateway.name, required) == nil {
      error(
        "the key is required in gateway mode and missing", at: Section.gateway.name, required)
    }
    if let (one, other) = gateway.interfaces.firstOverlap(with: capture.interfaces.exclude) {
      error(
        one.clash(with: other, in: "interfaces.exclude"), at: Section.gateway.name,
        Gateway.interfaces.name)
    }
    if gateway.method == .tproxy, [0x4000, 0x8000].contains(capture.mark.value) {
      error(
        "\(hexadecimal(capture.mark.value)) is kube-proxy's bit of the packet mark, in which the "
          + "method tproxy needs one of its own", at: Section.mark.name,
        CaptureMarkSection.value.name)
    }
  }
}
