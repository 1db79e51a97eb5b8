import Addressing
import Kernel

/// What the kernel said about where a connection was going.
enum FoundDestination: Equatable {
  case elsewhere(OriginalDestination)
  /// The connection was not captured but made to the proxy, or dialling its destination would come
  /// back to this process.
  case ourselves(OriginalDestination)
  /// The connection was not captured but made to the proxy, which is asked to reach something.
  case proxy
  /// A connection from outside that was on its way to another host, or to where only this host's own
  /// connections go.
  case foreign(OriginalDestination)
  /// The kernel could not tell.
  case unavailable

  var destination: OriginalDestination? {
    switch self {
    case .elsewhere(let destination), .ourselves(let destination), .foreign(let destination):
      destination
    case .proxy, .unavailable: nil
    }
  }
}

extension Worker {
  /// Asks the kernel where a connection was going. No other address ever takes its place.
  func originalDestination(
    of connection: borrowing Descriptor, from peer: Endpoint, on listener: Listener
  ) -> FoundDestination {
    guard let local = listener.localEnd(of: connection) else { return .unavailable }
    switch settings.method {
    case .redirect:
      // ENOENT: conntrack does not know the connection. Whatever the reason, it is refused.
      guard let destination = try? connection.originalDestination(local: local) else {
        return .unavailable
      }
      return settings.judgeRedirected(destination, local: local, peer: peer) {
        $0.belongsToThisHost
      }
    case .transparent:
      return settings.judgeTransparent(
        OriginalDestination(local), peer: peer, listeningOn: listener.endpoint.port
      ) { $0.belongsToThisHost }
    }
  }
}

extension DataPlaneSettings {
  /// - Parameters:
  ///   - local: the connection's own end.
  ///   - peer: the other one.
  ///   - isOwn: asked for destinations on our own ports alone.
  func judgeRedirected(
    _ destination: OriginalDestination, local: Endpoint, peer: Endpoint,
    isOwn: (IPAddress) -> Bool
  ) -> FoundDestination {
    // On a tracked connection that was not redirected the kernel gives the local address.
    if destination.endpoint == OriginalDestination(local).endpoint {
      return isForProxy(destination, from: peer) ? .proxy : .ourselves(destination)
    }
    return leadsBack(destination, isOwn) ? .ourselves(destination) : .elsewhere(destination)
  }

  /// A connection that was not captured came to the listener's port at an address of this host; one
  /// to that port of another host was captured.
  ///
  /// - Parameters:
  ///   - peer: whose it is. This host's own connections are never captured by this method; asking
  ///     who it is ends a loop over an address that is local by a route alone, which no probe shows.
  ///   - isOwn: asked for destinations on our own ports alone.
  func judgeTransparent(
    _ destination: OriginalDestination, peer: Endpoint, listeningOn port: UInt16,
    isOwn: (IPAddress) -> Bool
  ) -> FoundDestination {
    if leadsBack(destination, isOwn) {
      let isForListener = destination.endpoint.port == port
      return isForListener && isForProxy(destination, from: peer)
        ? .proxy : .ourselves(destination)
    }
    if destination.endpoint.port == port, isOwn(peer.address) { return .ourselves(destination) }
    return .elsewhere(destination)
  }

  /// Whether a connection that was not captured asks for the explicit proxy. Both ends must be
  /// loopback: a neighbour can send to a loopback address where `route_localnet` is on.
  private func isForProxy(_ destination: OriginalDestination, from peer: Endpoint) -> Bool {
    explicitProxy && destination.endpoint.address.isLoopback && peer.address.isLoopback
  }

  /// True for a destination on one of our ports.
  func leadsBack(
    _ destination: OriginalDestination, _ isOwn: (IPAddress) -> Bool
  ) -> Bool {
    ownPorts.contains(destination.endpoint.port) && isOwn(destination.endpoint.address)
  }
}

extension IPAddress {
  var isLoopback: Bool {
    switch canonical {
    case .v4(let address): address.rawValue >> 24 == 127
    case .v6(let address): address.rawValue == 1
    }
  }
}
