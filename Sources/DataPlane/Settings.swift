package import Addressing
package import Telemetry

/// What a policy says beside its rules: it takes effect together with them, at any time.
package struct EgressOptions: Sendable {
  /// Whether requests get `traceparent` and `tracestate`.
  package var injectsTraceContext: Bool
  /// Whether responses say that monitor mode let their requests pass, and servers must not.
  package var reportsWouldDeny: Bool

  package init(injectsTraceContext: Bool = true, reportsWouldDeny: Bool = false) {
    self.injectsTraceContext = injectsTraceContext
    self.reportsWouldDeny = reportsWouldDeny
  }
}

/// What the workers need to know of the configuration. Immutable while they run.
package struct DataPlaneSettings: Sendable {
  package var workspaceID: String
  /// At least 1.
  package var workers: Int
  /// Where captured connections arrive; every worker listens on each. Wildcard addresses where
  /// others' connections are captured too.
  package var listeners: [Endpoint]
  /// Where connections from outside arrive that were redirected on their way to the workload; empty
  /// where none are taken. Wildcard addresses: the kernel redirects to the address of the interface.
  package var inboundListeners: [Endpoint]
  package var method: CaptureMethod
  /// Ports of this host's that lead back to this process. Judged on every address of the host.
  package var ownPorts: [UInt16]
  package var limits: Limits
  /// In force until a policy is published with others.
  package var options: EgressOptions
  /// Whether connections made to a listener on loopback are served as an HTTP proxy's.
  package var explicitProxy: Bool
  package var auditFormat: AuditFormat
  /// Whether records are dropped, and counted, where the audit sink stalls; else new work waits.
  package var dropsAuditWhenFull: Bool

  package init(
    workspaceID: String, workers: Int, listeners: [Endpoint], inboundListeners: [Endpoint] = [],
    method: CaptureMethod = .redirect,
    ownPorts: [UInt16] = [], limits: Limits = Limits(), options: EgressOptions = EgressOptions(),
    explicitProxy: Bool = false, auditFormat: AuditFormat = .json,
    dropsAuditWhenFull: Bool = false
  ) {
    self.workspaceID = workspaceID
    self.workers = workers
    self.listeners = listeners
    self.inboundListeners = inboundListeners
    self.method = method
    self.ownPorts = ownPorts
    self.limits = limits
    self.options = options
    self.explicitProxy = explicitProxy
    self.auditFormat = auditFormat
    self.dropsAuditWhenFull = dropsAuditWhenFull
  }

  /// How a captured connection reaches a listener, and with it where its original destination is.
  package enum CaptureMethod: Sendable {
    /// By NAT: in conntrack.
    case redirect
    /// By routing (TPROXY): it is the connection's own local address. The listeners are
    /// transparent.
    case transparent
  }

  /// Sizes in bytes, times in nanoseconds.
  package struct Limits: Sendable {
    /// From accept until the first bytes must have shown a name.
    package var peek: UInt64 = 5 * second
    /// TLS handshake bytes; record headers come on top.
    package var peekBytes = 16 * 1024
    /// From a request's first byte until its head must be complete.
    package var requestHead: UInt64 = 10 * second
    package var requestHeadBytes = 64 * 1024
    package var requestHeadFields = 128
    package var connect: UInt64 = 5 * second
    /// Without a byte in either direction.
    package var idle: UInt64 = 3600 * second
    /// Between two requests.
    package var keepAlive: UInt64 = 300 * second
    /// Without a byte once one direction has ended.
    package var halfClosed: UInt64 = 300 * second
    /// Connections of all workers together.
    package var connections = 4096
    /// Memory of all buffers together from which on each connection is given little.
    package var bufferBytes = 16 << 20
    /// Pipes that bulk streams of all workers borrow at a time, two descriptors each.
    package var pipes = 128

    package static let second: UInt64 = 1_000_000_000

    package init() {}
  }
}

extension DataPlaneSettings {
  var allListeners: [(Endpoint, AuditRecord.Direction)] {
    listeners.map { ($0, .outbound) } + inboundListeners.map { ($0, .inbound) }
  }

  /// What is on its way to the workload is always redirected.
  func isTransparent(_ direction: AuditRecord.Direction) -> Bool {
    direction == .outbound && method == .transparent
  }
}
