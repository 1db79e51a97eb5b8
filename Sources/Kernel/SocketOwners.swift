package import Addressing
internal import CLinux
internal import Glibc

/// Asks the kernel whose socket is at the other end of a connection within this network namespace
/// (sock_diag(7)). Needs no capability. One thread's.
package struct SocketOwners: ~Copyable {
  private let netlink: Descriptor
  private var sequence: UInt32 = 0

  package init() throws(Errno) {
    netlink = Descriptor(owning: try systemCall { pl_sock_diag_socket() })
  }

  /// The uid that made the socket at the other end of a connection that was accepted on a loopback
  /// address, as this process's user namespace numbers it: 65534 for one that is not mapped there.
  ///
  /// What is found is the peer's, for three reasons. The question names both ends of the connection,
  /// and only a socket that a process holds open is an answer: of one that was closed the kernel says
  /// that it is root's. Our own end is looked at afterwards: as long as it lives nobody else can have
  /// taken the peer's place. And the peer says that it is connected to the very address it came to:
  /// a connection that was redirected was not.
  ///
  /// - Parameter connection: the number of a descriptor that stays open during the call.
  package mutating func peer(ofAccepted connection: Int32) throws(PeerFailure) -> UInt32 {
    let (local, peer) = try Self.ends(of: connection)
    guard local.address.isLoopback, peer.address.isLoopback else { throw .notLoopback(peer) }
    if let original = try Self.originalDestination(of: connection, local: local) {
      throw .redirected(original)
    }
    let owner: UInt32?
    do throws(Errno) {
      owner = try ownerOfSocket(from: peer, to: local)
    } catch {
      throw .unavailable(error)
    }
    let state = pl_tcp_state(connection)
    guard let owner, state == State.established || state == State.closeWait else { throw .gone }
    return owner
  }

  private static func ends(
    of connection: Int32
  ) throws(PeerFailure) -> (local: Endpoint, peer: Endpoint) {
    var (local, peer) = (pl_address(), pl_address())
    // ENOTCONN: it was reset while it waited to be accepted.
    guard unsafe pl_local_address(connection, &local) == 0,
      unsafe pl_peer_address(connection, &peer) == 0, let local = local.endpoint,
      let peer = peer.endpoint
    else { throw .gone }
    return (local.canonical, peer.canonical)
  }

  /// Nil where the connection goes where it was meant to go.
  private static func originalDestination(
    of connection: Int32, local: Endpoint
  ) throws(PeerFailure) -> Endpoint? {
    var address = pl_address()
    let result = unsafe pl_original_destination(
      connection, local.address.socketFamily, &address)
    switch -result {
    case 0:
      guard let original = address.endpoint?.canonical else { throw .gone }
      return original == local ? nil : original
    // Conntrack doesn't know the connection, or there is no conntrack: nobody redirected it.
    case ENOENT, ENOPROTOOPT: return nil
    case let code: throw .unavailable(Errno(code))
    }
  }

  /// Nil where no process holds such a socket that is connected.
  private mutating func ownerOfSocket(
    from local: Endpoint, to remote: Endpoint
  ) throws(Errno) -> UInt32? {
    sequence &+= 1
    let question = SocketMessage.question(from: local, to: remote, sequence: sequence)
    let number = netlink.number
    _ = try systemCall {
      unsafe question.withUnsafeBytes { unsafe pl_send(number, $0.baseAddress!, $0.count, 0) }
    }
    // The kernel has answered by the time that it has taken the question.
    var answer = [UInt8](repeating: 0, count: 8192)
    while true {
      var sender: UInt32 = 0
      let count = try systemCall {
        unsafe answer.withUnsafeMutableBytes {
          unsafe pl_netlink_receive(number, $0.baseAddress!, $0.count, &sender)
        }
      }
      let message = SocketMessage(answer[..<count])
      guard sender == 0, let message, message.sequence == sequence else { continue }
      if let refusal = message.refusal {
        guard refusal.code == ENOENT else { throw refusal }
        return nil
      }
      guard message.local == local, message.remote == remote, message.isHeld,
        [State.established, State.finWait1, State.finWait2].contains(message.state)
      else { return nil }
      return message.uid
    }
  }

  /// `include/net/tcp_states.h`
  private enum State {
    static let established: Int32 = 1
    static let finWait1: Int32 = 4
    static let finWait2: Int32 = 5
    static let closeWait: Int32 = 8
  }
}

/// Why it isn't known who is at the other end of a connection.
package enum PeerFailure: Error, Equatable {
  /// It came from outside of this host, or to an address that others reach.
  case notLoopback(Endpoint)
  /// It was meant for somebody else.
  case redirected(Endpoint)
  /// Whoever made it has closed it.
  case gone
  /// The kernel doesn't say. ENOENT or EPROTONOSUPPORT: it was built without CONFIG_INET_DIAG.
  case unavailable(Errno)
}

extension Endpoint {
  fileprivate var canonical: Endpoint { Endpoint(address: address.canonical, port: port) }
}

extension IPAddress {
  fileprivate var isLoopback: Bool {
    switch self {
    case .v4(let address): address.rawValue >> 24 == 127
    case .v6(let address): address.rawValue == 1
    }
  }
}
