import Addressing
import Configuration
import DataPlane
import Kernel
import Policy
import Telemetry

extension DataPlaneSettings {
  /// What the document says, in the workers' units.
  ///
  /// - Parameter descriptors: how many this process may open.
  init(_ document: Document, descriptors: Int) {
    var limits = Limits()
    limits.peek = document.limits.peek.nanoseconds
    limits.peekBytes = document.limits.peekBytes
    limits.requestHead = document.limits.requestHead.nanoseconds
    limits.requestHeadBytes = document.limits.requestHeadBytes
    limits.requestHeadFields = document.limits.requestHeadFields
    limits.connect = document.limits.connect.nanoseconds
    limits.idle = document.limits.idle.nanoseconds
    limits.keepAlive = document.limits.keepAlive.nanoseconds
    limits.halfClosed = document.limits.halfClosed.nanoseconds
    limits.bufferBytes = document.limits.bufferBytes
    // Two sockets a connection; the reserve is for listeners, admin and health, and half of it for
    // pipes.
    let reserve = min(512, descriptors / 4)
    limits.pipes = reserve / 4
    let possible = max(1, (descriptors - reserve) / 2)
    limits.connections = min(document.limits.maxConnections ?? possible, possible)
    self.init(
      workspaceID: document.workspaceId,
      workers: document.workers ?? CPULimit.ofCgroup() ?? 2,
      listeners: Self.addresses(document.capture).map {
        Endpoint(address: $0, port: document.proxyPort)
      },
      inboundListeners: document.inbound.mode == .off
        ? [] : Self.everyAddress.map { Endpoint(address: $0, port: document.inboundPort) },
      method: document.capture.gateway?.method == .tproxy ? .transparent : .redirect,
      ownPorts: [
        document.proxyPort, document.adminPort, document.inboundPort, document.dnsPort,
      ],
      limits: limits,
      options: EgressOptions(document.egress),
      explicitProxy: document.egress.explicitProxy,
      auditFormat: document.audit.format == .cloudevents ? .cloudEvents : .json,
      dropsAuditWhenFull: document.audit.whenFull == .drop)
  }

  /// On loopback, where the workload's own connections are redirected to; on all addresses where
  /// others' are, which keep the address of the interface they come through, or their own.
  private static func addresses(_ capture: Capture) -> [IPAddress] {
    let takesOthers = capture.mode == .gateway || !capture.interfaces.treatAsOutbound.isEmpty
    return takesOthers
      ? everyAddress : [.v4(IPv4Address(rawValue: 0x7f00_0001)), .v6(IPv6Address(rawValue: 1))]
  }

  /// Redirected connections keep the address of the interface that they came through.
  private static let everyAddress: [IPAddress] = [
    .v4(IPv4Address(rawValue: 0)), .v6(IPv6Address(rawValue: 0)),
  ]
}

extension AuditSink.Target {
  init(_ sink: Audit.Sink) {
    switch sink {
    case .stdout: self = .standardOutput
    case .file(let path): self = .file(path: path)
    case .unix(let path): self = .unixSocket(path: path)
    }
  }
}

extension EgressOptions {
  init(_ egress: Egress) {
    self.init(
      injectsTraceContext: egress.injectTraceContext, reportsWouldDeny: egress.reportWouldDeny)
  }
}

extension Duration {
  /// Nanoseconds; the document's durations are never negative.
  var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
  }
}
