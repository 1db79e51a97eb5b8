import Addressing
import Kernel
import Policy
import Telemetry

// A connection from outside: taken on, if it was on its way to this very workload.
extension Worker {
  /// How many of a worker's connections may be from peers that have proved nothing yet: half-open
  /// handshakes must leave room for what the workload itself wants, and for who has proved more.
  var unprovenLimit: Int { max(1, connectionLimit / 4) }

  mutating func admitInbound(
    _ descriptor: consuming Descriptor, from peer: Endpoint, on listener: Listener,
    refusal: DenyReason?
  ) {
    let destination = inboundDestination(of: descriptor, on: listener)
    serveInbound(descriptor, from: peer, destination: destination, refusal: refusal)
  }

  /// Takes a connection on.
  ///
  /// - Parameters:
  ///   - destination: where it was going, as far as the kernel told.
  ///   - refusal: set where it is refused whatever it wants.
  mutating func serveInbound(
    _ descriptor: consuming Descriptor, from peer: Endpoint, destination: FoundDestination,
    refusal: DenyReason? = nil
  ) {
    counters.inboundAccepted.add(1)
    let inbound = InboundSession()
    let reference = insert(descriptor, from: peer, as: .inbound(inbound))
    let refusal = refusal ?? (unprovenInbound >= unprovenLimit ? .connectionLimit : nil)
    unprovenInbound += 1
    let action = inbound.machine.found(
      destination, terms: terms(for: destination), refusal: refusal)
    perform(action, of: inbound, on: &reference.connection)
  }

  private func terms(for found: FoundDestination) -> InboundConnection.Terms? {
    guard let inboundPolicy, inboundPolicy.mode != .off, let destination = found.destination else {
      return nil
    }
    return InboundConnection.Terms(
      opening: inboundPolicy.opening(of: destination),
      isOpaque: inboundPolicy.isOpaque(destination))
  }

  /// The peer has shown who it is, or that it shows nothing, or has left.
  mutating func noteProven(_ inbound: InboundSession) {
    guard inbound.isUnproven else { return }
    inbound.isUnproven = false
    unprovenInbound -= 1
  }

  /// Asks the kernel where a connection was going. No other address ever takes its place.
  private func inboundDestination(
    of connection: borrowing Descriptor, on listener: Listener
  ) -> FoundDestination {
    guard let local = listener.localEnd(of: connection),
      let destination = try? connection.originalDestination(local: local)
    else { return .unavailable }
    return settings.judgeInbound(destination, local: local) { $0.belongsToThisHost }
  }
}

extension DataPlaneSettings {
  /// Only what was on its way to an address of this host's that others can reach may be passed on:
  /// anything else would make the inbound port a way to elsewhere, or to what the workload serves on
  /// loopback for itself alone.
  ///
  /// - Parameters:
  ///   - local: the connection's own end, an address of this host's.
  ///   - isOwn: asked for other addresses than that alone.
  func judgeInbound(
    _ destination: OriginalDestination, local: Endpoint, isOwn: (IPAddress) -> Bool
  ) -> FoundDestination {
    // On a tracked connection that was not redirected the kernel gives the local address.
    if destination.endpoint == OriginalDestination(local).endpoint {
      return .ourselves(destination)
    }
    let address = destination.endpoint.address
    guard !address.isLoopback, address == local.address.canonical || isOwn(address) else {
      return .foreign(destination)
    }
    return ownPorts.contains(destination.endpoint.port)
      ? .ourselves(destination) : .elsewhere(destination)
  }
}
