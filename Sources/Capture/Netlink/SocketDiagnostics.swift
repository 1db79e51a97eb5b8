internal import Addressing
internal import CNetfilter
internal import Glibc
internal import Kernel

/// A TCP socket of this network namespace that is connected.
struct TCPSocket: Hashable, Sendable {
  /// `sk_family`, and the `inet_diag_sockid` with the cookie that no later socket has.
  var family: UInt8
  var identity: [UInt8]
  /// Mapped addresses are the IPv4 ones that they stand for.
  var local: Endpoint
  var remote: Endpoint
  var uid: UInt32
  /// The device that it is bound to; 0: none.
  var interface: UInt32
  /// One side at least has said that it won't send any more.
  var isClosing: Bool
}

/// sock_diag(7): lists and closes sockets.
struct SocketDiagnostics: ~Copyable {
  private var netlink: ConnectionNetlink

  init() throws(ConnectionError) { netlink = try ConnectionNetlink(.sockets) }

  /// Sockets whose connection was established once and is not over. Those that wait for the first
  /// answer are not among them: their next SYN is judged like any first packet.
  mutating func connected() throws(ConnectionError) -> [TCPSocket] {
    var sockets: [TCPSocket] = []
    for family in [AF_INET, AF_INET6] {
      let request =
        Self.request(family: UInt8(family), states: State.connected)
        + Array(repeating: 0, count: Self.identityLength)
      switch try netlink.list(UInt16(SOCK_DIAG_BY_FAMILY), request) {
      case .messages(let messages, _): sockets += messages.compactMap(TCPSocket.init)
      // The kernel has no IPv6.
      case .refused(Errno(ENOENT)) where family == AF_INET6: break
      case .refused(Errno(ENOENT)):
        throw .unsupported(feature: "lists of TCP sockets", option: "CONFIG_INET_TCP_DIAG")
      case .refused(let errno): throw .refused(what: "to list TCP sockets", errno)
      }
    }
    return sockets
  }

  /// Ends the connection; a process that waits for it gets ECONNABORTED. False where it has ended
  /// already.
  mutating func close(_ socket: TCPSocket) throws(ConnectionError) -> Bool {
    let request = Self.request(family: socket.family, states: .max) + socket.identity
    switch try netlink.ask(UInt16(SOCK_DESTROY), flags: 0, request) {
    case .messages: return true
    case .refused(Errno(ENOENT)): return false
    case .refused(Errno(EOPNOTSUPP)):
      throw .unsupported(feature: "closing of sockets", option: "CONFIG_INET_DIAG_DESTROY")
    case .refused(.notPermitted): throw .notPermitted
    case .refused(let errno): throw .refused(what: "to close a socket", errno)
    }
  }

  /// `inet_diag_req_v2` up to the identity.
  private static func request(family: UInt8, states: UInt32) -> [UInt8] {
    [family, UInt8(IPPROTO_TCP), 0, 0] + states.hostOrderBytes
  }

  fileprivate static let identityLength = 48

  /// `include/net/tcp_states.h`
  fileprivate enum State {
    static let established: UInt8 = 1
    /// ESTABLISHED, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT, LAST_ACK, CLOSING.
    static let connected: UInt32 = [1, 4, 5, 8, 9, 11].reduce(0) { $0 | 1 << $1 }
    static let closeWait: UInt8 = 8
  }
}

extension TCPSocket {
  /// Reads an `inet_diag_msg`; nil where it is none.
  fileprivate init?(_ message: ArraySlice<UInt8>) {
    let start = message.startIndex
    // Family, state, timer, retransmissions; the identity; expiry, two queue lengths, the uid.
    let identity = message.dropFirst(4).prefix(SocketDiagnostics.identityLength)
    guard let uid = message.word(at: 64), let interface = message.word(at: 40),
      let local = Self.endpoint(family: message[start], identity, port: 0, address: 4),
      let remote = Self.endpoint(family: message[start], identity, port: 2, address: 20)
    else { return nil }
    let state = message[start + 1]
    self.init(
      family: message[start], identity: Array(identity), local: local, remote: remote, uid: uid,
      interface: interface,
      isClosing: state != SocketDiagnostics.State.established
        && state != SocketDiagnostics.State.closeWait)
  }

  private static func endpoint(
    family: UInt8, _ identity: ArraySlice<UInt8>, port: Int, address: Int
  ) -> Endpoint? {
    let length = family == UInt8(AF_INET) ? 4 : 16
    let port = identity.dropFirst(port).prefix(2).reduce(0) { $0 << 8 | UInt16($1) }
    return IPAddress(networkOrder: Array(identity.dropFirst(address).prefix(length))).map {
      Endpoint(address: $0.canonical, port: port)
    }
  }
}
