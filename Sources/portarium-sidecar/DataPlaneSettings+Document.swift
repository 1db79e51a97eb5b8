import Addressing
import Configuration
import DataPlane
import Kernel

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
    let possible = Self.connections(descriptors: descriptors)
    limits.connections = min(document.limits.maxConnections ?? possible, possible)
    self.init(
      workspaceID: document.workspaceId,
      workers: document.workers ?? CPULimit.ofCgroup() ?? 2,
      listeners: [
        Endpoint(address: .v4(IPv4Address(rawValue: 0x7f00_0001)), port: document.proxyPort),
        Endpoint(address: .v6(IPv6Address(rawValue: 1)), port: document.proxyPort),
      ],
      limits: limits,
      injectsTraceContext: document.egress.injectTraceContext)
  }

  /// Two sockets a connection; the reserve is for listeners, pipes, admin and health.
  private static func connections(descriptors: Int) -> Int {
    max(1, (descriptors - min(512, descriptors / 4)) / 2)
  }
}

extension Duration {
  /// Nanoseconds; the document's durations are never negative.
  var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
  }
}
