internal import Addressing
internal import Policy

/// The document's top level.
enum DocumentSection {
  static let workspaceId = Key(
    required: "workspaceId", .text("a workspace's identifier", complaint: complaint(ofId:)),
    "The workspace that tokens, policy and audit records belong to: 1 to 128 letters, digits, "
      + "`.`, `_` and `-`, the first a letter or a digit.")
  static let proxyPort = Key(
    "proxyPort", .port, default: 15001,
    "Where the sidecar listens for the workload's redirected connections.")
  static let inboundPort = Key(
    "inboundPort", .port, default: 15006,
    "Where the sidecar listens for connections to the workload, which `capture.inbound.redirect` "
      + "sends there. Only with an `inbound.mode`.")
  static let adminPort = Key(
    "adminPort", .port, default: 15000, "The admin server, on loopback only.")
  static let healthPort: Key<UInt16> = Key(
    "healthPort", .integer(0...65535), default: 15021,
    "`/healthz`, `/readyz` and `/metrics`, on all addresses. 0: off.")
  static let dnsPort = Key(
    "dnsPort", .port, default: 15053, "Kept for captured DNS queries, which are not handled yet.")
  static let workers = Key(
    "workers", .integer(1...1024), otherwise: "the CPU limit of the cgroup, 2 where there is none",
    "Threads that carry traffic.")
  static let enforcementMode = Key(
    "enforcementMode", .word, default: EnforcementMode.enforce, shown: "enforce",
    "`monitor` lets pass what the allowlist would deny, and writes down that it would have.")
  static let onReload = Key(
    "onReload", .word, default: OnReload.keep, shown: "keep",
    "What a changed policy means for connections that are open: `keep` leaves them as they were "
      + "judged, `recheck` judges them again and resets those it doesn't allow.")
  static let admin = Key(
    section: "admin", AdminSection.type, "Who may ask the admin port for everything.")
  static let egress = Key(section: "egress", EgressSection.type, "What may leave, and how.")
  static let limits = Key(section: "limits", LimitsSection.type, "Deadlines and sizes.")
  static let audit = Key(
    section: "audit", AuditSection.type, "Where the audit records go.")
  static let mtls: Key<MutualTLS?> = Key(
    "mtls", MutualTLSSection.type, otherwise: "no identity",
    "Where the workload's identity comes from, its X.509-SVID. Without keys: the SPIFFE Workload "
      + "API.")
  static let inbound = Key(
    section: "inbound", InboundSection.type, "Who may reach the workload, and how.")
  static let capture = Key(
    section: "capture", CaptureSection.type, "What portarium-init programs into the kernel.")

  static let keys = [
    workspaceId.declaration, proxyPort.declaration, inboundPort.declaration,
    adminPort.declaration, healthPort.declaration, dnsPort.declaration, workers.declaration,
    enforcementMode.declaration, onReload.declaration, admin.declaration, egress.declaration,
    limits.declaration, audit.declaration, mtls.declaration, inbound.declaration,
    capture.declaration,
  ]

  static let type: ValueType<Document> = .section(keys) { section in
    let health = section.read(healthPort)
    var document = Document(
      workspaceId: section.read(workspaceId) ?? "",
      proxyPort: section.read(proxyPort),
      inboundPort: section.read(inboundPort),
      adminPort: section.read(adminPort),
      healthPort: health == 0 ? nil : health,
      dnsPort: section.read(dnsPort),
      workers: section.read(workers),
      enforcementMode: section.read(enforcementMode),
      onReload: section.read(onReload),
      admin: section.read(admin),
      egress: section.read(egress),
      limits: section.read(limits),
      audit: section.read(audit),
      mtls: section.read(mtls),
      inbound: section.read(inbound),
      capture: section.read(capture))
    section.refuseSharedPorts(document)
    section.refuseRedirectedOwnPorts(document)
    section.warnOfAllowedWorkload(document)
    section.checkInbound(document)
    document.capture.inbound.merge()
    return document
  }

  @Sendable private static func complaint(ofId id: String) -> String? {
    guard (1...128).contains(id.utf8.count) else { return "must be 1 to 128 characters long" }
    let plain = id.utf8.allSatisfy { $0.isLetterOrDigit || "._-".utf8.contains($0) }
    guard plain, id.utf8.first?.isLetterOrDigit ?? false else {
      return "must consist of letters, digits, '.', '_' and '-' and begin with a letter or a "
        + "digit, unlike \"\(excerpt(id))\""
    }
    return nil
  }
}

extension SectionReader {
  /// Five listeners, five ports. The one further down is to blame, a default never.
  fileprivate func refuseSharedPorts(_ document: Document) {
    let ports = document.ownPorts.map { key, port in
      (key: key, port: port, position: position(of: key))
    }
    let start = Position(line: 0, column: 0)
    let inOrder = ports.sorted { ($0.position ?? start) < ($1.position ?? start) }
    for (index, later) in inOrder.enumerated() {
      guard let earlier = inOrder[..<index].first(where: { $0.port == later.port }) else {
        continue
      }
      let origin = earlier.position.map(findings.mention) ?? "its default"
      error("\(later.port) is already the \(earlier.key.name) (\(origin))", at: later.key)
    }
  }

  /// Redirected to the sidecar, a connection to one of its own ports would come back for ever, or
  /// open the admin server to the world. Ranges may hold one, which is left out: who writes
  /// `1024-65535` means the workload's.
  fileprivate func refuseRedirectedOwnPorts(_ document: Document) {
    for (key, port) in document.ownPorts
    where document.capture.inbound.includePorts.contains(port...port) {
      error(
        "\(port) is the \(key.name): connections to the sidecar itself are never redirected",
        at: DocumentSection.capture.name, CaptureSection.inbound.name,
        CaptureInboundSection.includePorts.name)
    }
  }
}

extension SectionReader {
  fileprivate func warnOfAllowedWorkload(_ document: Document) {
    for uid in document.admin.allowUIDs where document.capture.workloadUIDs.contains(uid) {
      warning(
        "uid \(uid) is the workload's (capture.workloadUIDs): it will be able to end the sidecar",
        at: DocumentSection.admin)
    }
  }
}

extension Document {
  /// Where the sidecar listens.
  fileprivate var ownPorts: [(key: Key<UInt16>, port: UInt16)] {
    [
      (DocumentSection.proxyPort, proxyPort), (DocumentSection.inboundPort, inboundPort),
      (DocumentSection.adminPort, adminPort), (DocumentSection.dnsPort, dnsPort),
    ] + (healthPort.map { [(DocumentSection.healthPort, $0)] } ?? [])
  }
}
