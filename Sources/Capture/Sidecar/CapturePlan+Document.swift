package import Configuration

extension CapturePlan {
  /// What the document asks for.
  package init(_ document: Document) throws(CapturePlanError) {
    try self.init(
      ports: ProxyPorts(
        proxy: document.proxyPort, inbound: document.inboundPort, admin: document.adminPort,
        dns: document.dnsPort, health: document.healthPort ?? 0),
      proxyUIDs: document.capture.proxyUIDs,
      resolvers: document.capture.resolvers.map { .listed($0) } ?? .system)
  }
}
