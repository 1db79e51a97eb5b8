internal import Addressing

/// A packet between two hooks, with all that rules can see of it there.
struct PacketUnderway {
  var packet: Packet
  let addresses: HostAddresses
  /// The hook's: nil where the packet didn't arrive.
  var inputInterface: String?
  /// The hook's: nil where the way out isn't known yet.
  var outputInterface: String?
  /// False before connection tracking has looked at the packet.
  var isTracked = false
  /// The process whose socket the packet comes from; it is forgotten on the way through `lo`.
  var socket: (uid: UInt32, gid: UInt32)?
  /// NAT decides about a connection once, even if it decided to do nothing.
  var isTranslationDecided = false
  /// A redirect or tproxy has taken it to this port.
  var capturedPort: UInt16?
  /// A tproxy gave it to a socket of this host, whatever its destination.
  var isHandedOver = false
  /// A redirect led to an address of this host that isn't known.
  var isRedirectedToUnknown = false

  init(_ packet: Packet, addresses: HostAddresses) {
    self.packet = packet
    self.addresses = addresses
    if case .socket(let uid, let gid) = packet.origin { socket = (uid, gid) }
    isTranslationDecided = packet.connection?.state != .new
  }

  var connection: Packet.Connection? { isTracked ? packet.connection : nil }

  /// What the routing tables say is asked for the interface of the hook: first the one on which the
  /// packet leaves.
  private var interface: String? { outputInterface ?? inputInterface }

  var isSourceOwn: Bool {
    guard let source = packet.source else { return packet.isLocallyMade }
    return addresses.isOwn(source, on: interface)
  }

  var isDestinationOwn: Bool {
    isRedirectedToUnknown || addresses.isOwn(packet.destination, on: interface)
  }
}
