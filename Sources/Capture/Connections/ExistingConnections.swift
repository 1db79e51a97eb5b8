internal import Addressing
internal import Configuration

/// What happens to TCP connections that are older than the ruleset.
///
/// The ruleset alone refuses whatever it didn't see begin. Around the transaction a run does one of
/// two things more: before it, it tags what is to be kept, so that the ruleset knows it; after it,
/// it closes the sockets of what is cut, so that a program learns of it at once and not when it
/// speaks next, which may be hours later.
package struct ExistingConnections {
  let plan: CapturePlan

  package init(_ plan: CapturePlan) { self.plan = plan }

  private var mark: ConnectionMark { plan.mark }
  private var capture: Configuration.Capture { plan.capture }

  // MARK: keep, before the transaction

  /// Gives the connections that there are the tag that says so. Does nothing where the document
  /// doesn't keep them.
  ///
  /// Only for where no rules of ours are in force. Under them a socket whose connection has no tag
  /// isn't an older one: conntrack forgets a half-closed captured connection within a minute, and
  /// what its socket says next would go past the sidecar.
  ///
  /// A connection that begins between this and the transaction is not among them: it is refused.
  /// Of connections that are routed through this namespace only those can be kept that conntrack
  /// has seen already.
  ///
  /// - Returns: how many were tagged now; those that have a tag keep it.
  package func keep() throws(ConnectionError) -> Int {
    guard capture.existingConnections == .keep else { return 0 }
    var tracking = try ConnectionTracking()
    var routes = try SocketRoutes()
    var count = 0
    if capture.gateway == nil { count += try keepSockets(&tracking, &routes) }
    if passesThrough { count += try keepTransit(&tracking, &routes) }
    return count
  }

  private func keepSockets(
    _ tracking: inout ConnectionTracking, _ routes: inout SocketRoutes
  ) throws(ConnectionError) -> Int {
    var count = 0
    for socket in try judgedSockets(&routes) {
      // Where a packet comes first and makes the entry, there is one to tag the second time.
      for _ in 1...2 {
        if let known = try tracking.mark(from: socket.local, to: socket.remote) {
          if known & mark.mask == 0,
            try tracking.tag(from: socket.local, to: socket.remote, mark.kept, mask: mark.mask)
          {
            count += 1
          }
          break
        }
        if try tracking.add(
          from: socket.local, to: socket.remote, mark: mark.kept,
          timeout: socket.isClosing ? Self.closingTimeout : Self.establishedTimeout)
        {
          count += 1
          break
        }
      }
    }
    return count
  }

  private func keepTransit(
    _ tracking: inout ConnectionTracking, _ routes: inout SocketRoutes
  ) throws(ConnectionError) -> Int {
    var count = 0
    for connection in try tracking.all() where connection.mark & mark.mask == 0 {
      let ends = [connection.from.address, connection.to.address]
      guard isClient(ends[0]) || isClient(ends[1]), try !routes.isOwn(ends[0]),
        try !routes.isOwn(ends[1])
      else { continue }
      if try tracking.tag(
        from: connection.from, to: connection.to, mark.kept, mask: mark.mask)
      {
        count += 1
      }
    }
    return count
  }

  private var passesThrough: Bool {
    capture.gateway != nil || !capture.interfaces.treatAsOutbound.isEmpty
  }

  /// Without sources anyone is who is routed through.
  private func isClient(_ address: IPAddress) -> Bool {
    capture.gateway.map { $0.sources.contains { $0.contains(address) } } ?? true
  }

  /// The kernel's own defaults, in seconds, of nf_conntrack_tcp_timeout_established and _fin_wait.
  private static let establishedTimeout: UInt32 = 432_000
  private static let closingTimeout: UInt32 = 120

  // MARK: cut, after the transaction

  package enum Cut: Hashable, Sendable {
    /// So many sockets were closed.
    case closed(Int)
    /// The kernel can't: the ruleset refuses their next packets all the same.
    case unavailable(option: String)
  }

  /// Closes the sockets whose connections the ruleset doesn't know. Does nothing where the document
  /// keeps them, or captures the traffic of others only.
  ///
  /// Listening sockets, those that only wait for the first answer, the proxy's, and what stays on
  /// this host are none of them, and whatever began under rules of ours carries a tag.
  package func cut() throws(ConnectionError) -> Cut {
    guard capture.existingConnections == .cut, capture.gateway == nil else { return .closed(0) }
    var count = 0
    do throws(ConnectionError) {
      var routes = try SocketRoutes()
      let sockets = try judgedSockets(&routes)
      guard !sockets.isEmpty else { return .closed(0) }
      var diagnostics = try SocketDiagnostics()
      // Later than the sockets: whatever was connected then had been tagged before.
      var tracking = try ConnectionTracking()
      for socket in sockets where !mayPassUntagged(socket) {
        let known = try tracking.mark(from: socket.local, to: socket.remote) ?? 0
        if tagsInForce.contains(known & mark.mask) { continue }
        if try diagnostics.close(socket) { count += 1 }
      }
      return .closed(count)
    } catch {
      guard case .unsupported(_, let option) = error else { throw error }
      return .unavailable(option: option)
    }
  }

  private var tagsInForce: [UInt32] {
    [mark.captured, mark.proxy, mark.inbound, mark.dns, mark.excluded]
  }

  /// The rules for these look at each new connection as they do at each packet, so that one that
  /// they don't know yet may be tagged when it speaks next.
  private func mayPassUntagged(_ socket: TCPSocket) -> Bool {
    let (address, port) = (socket.remote.address, socket.remote.port)
    return capture.outbound.excludePorts.contains { $0.contains(port) }
      || capture.outbound.excludeCIDRs.contains { $0.contains(address) }
      || (!capture.dns && port == 53 && plan.remoteResolvers.contains { $0.canonical == address })
  }

  // MARK: Whose sockets

  /// Connected sockets that the rules judge: not the proxy's, and nothing that stays on this host
  /// or leaves on an excluded interface.
  private func judgedSockets(
    _ routes: inout SocketRoutes
  ) throws(ConnectionError) -> [TCPSocket] {
    var diagnostics = try SocketDiagnostics()
    var judged: [TCPSocket] = []
    for socket in try diagnostics.connected() where !capture.proxyUIDs.contains(socket.uid) {
      let address = socket.remote.address
      if address.isOwnHost || socket.local.address.isOwnHost { continue }
      if try routes.isOwn(address, interface: socket.interface) { continue }
      if !capture.interfaces.exclude.isEmpty,
        let device = try routes.device(to: address, interface: socket.interface),
        capture.interfaces.exclude.contains(where: { $0.matches(device) })
      {
        continue
      }
      judged.append(socket)
    }
    return judged
  }
}
