package import Addressing
internal import CLinux
internal import Glibc

// TCP sockets: non-blocking, close-on-exec.
extension Descriptor {
  /// Opens a listening socket. The connections that it takes send small segments at once: Linux
  /// copies TCP_NODELAY from the listener, which spares a call for each of them.
  ///
  /// - Parameters:
  ///   - sharing: true where several sockets of this process share the port (SO_REUSEPORT) and the
  ///     kernel spreads new connections over them.
  ///   - transparent: true where it takes connections to addresses that aren't this host's
  ///     (IP_TRANSPARENT). Needs CAP_NET_ADMIN or CAP_NET_RAW, else EPERM.
  ///   - backlog: connections that wait to be accepted; the kernel caps it at `somaxconn`.
  package static func listening(
    on endpoint: Endpoint, sharing: Bool, transparent: Bool = false, backlog: Int32 = 4096
  ) throws(Errno) -> Descriptor {
    let socket = try tcpSocket(family: endpoint.address.socketFamily)
    try socket.setOption(SOL_SOCKET, SO_REUSEADDR, 1)
    if sharing { try socket.setOption(SOL_SOCKET, SO_REUSEPORT, 1) }
    if case .v6 = endpoint.address { try socket.setOption(Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
    if transparent { try socket.setTransparent(family: endpoint.address.socketFamily) }
    try socket.setOption(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    var address = pl_address(endpoint)
    let number = socket.number
    _ = try systemCall { unsafe pl_bind(number, &address) }
    _ = try systemCall { pl_listen(number, backlog) }
    return socket
  }

  /// What a listener had for us.
  package enum Accepted: ~Copyable {
    case connection(Descriptor, from: Endpoint)
    case none
    /// No descriptor or memory is left, or the call failed in another way that passes.
    case failed(Errno)
  }

  package borrowing func accept() -> Accepted {
    var peer = pl_address()
    while true {
      let result = unsafe pl_accept(number, &peer)
      if result >= 0 {
        guard let endpoint = peer.endpoint else { return .failed(.addressFamilyNotSupported) }
        return .connection(Descriptor(owning: result), from: endpoint)
      }
      switch -result {
      // The peer gave up while it waited: the next one in the queue counts (accept(2)).
      case EINTR, ECONNABORTED, EPROTO: continue
      case EAGAIN: return .none
      default: return .failed(Errno(-result))
      }
    }
  }

  /// Starts connecting; the socket becomes writable when the outcome is known, which
  /// `pendingError` tells.
  package static func connecting(to endpoint: Endpoint) throws(Errno) -> Descriptor {
    let socket = try tcpSocket(family: endpoint.address.socketFamily)
    try socket.setOption(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    var address = pl_address(endpoint)
    let result = unsafe pl_connect(socket.number, &address)
    // A connect that a signal interrupted goes on by itself, like one in progress.
    if result < 0, -result != EINPROGRESS, -result != EINTR { throw Errno(-result) }
    return socket
  }

  /// Why connecting failed, or nil where it succeeded.
  package borrowing func pendingError() -> Errno? {
    let code = pl_pending_error(number)
    return code == 0 ? nil : Errno(code < 0 ? -code : code)
  }

  package borrowing func localEndpoint() throws(Errno) -> Endpoint {
    var address = pl_address()
    let number = self.number
    _ = try systemCall { unsafe pl_local_address(number, &address) }
    guard let endpoint = address.endpoint else { throw .addressFamilyNotSupported }
    return endpoint
  }

  /// Where this connection was going before NAT redirected it, as conntrack recorded it.
  ///
  /// On a tracked connection that was not redirected the call succeeds and gives the local
  /// address: the caller compares. It fails (ENOENT) without conntrack or in another zone.
  ///
  /// - Parameter local: the local endpoint; its family selects the socket option's level.
  package borrowing func originalDestination(
    local: Endpoint
  ) throws(Errno) -> OriginalDestination {
    var address = pl_address()
    let number = self.number
    // A mapped address on a dual-stack listener is an IPv4 connection to conntrack.
    let family = local.address.canonical.socketFamily
    _ = try systemCall { unsafe pl_original_destination(number, family, &address) }
    guard let endpoint = address.endpoint else { throw .addressFamilyNotSupported }
    return OriginalDestination(endpoint)
  }

  /// Probes a peer that has been idle for 30 s, and every 30 s from then on: conntrack forgets a
  /// half-closed connection after 60 s (CLOSE_WAIT) or 120 s (FIN_WAIT), and what comes later would
  /// be refused as untracked.
  package borrowing func keepTracked() {
    ignore(pl_set_option(number, Int32(IPPROTO_TCP), TCP_KEEPIDLE, 30))
    ignore(pl_set_option(number, Int32(IPPROTO_TCP), TCP_KEEPINTVL, 30))
    // Last: it starts the timer.
    ignore(pl_set_option(number, SOL_SOCKET, SO_KEEPALIVE, 1))
  }

  /// Whether a read would block: false where there are bytes, the peer's end or an error to read.
  package borrowing func hasNothingToRead() -> Bool { pl_peek(number) == -EAGAIN }

  /// Looks at the first byte that waits to be read, and leaves it there: `bytes(1)` where there is
  /// one.
  package borrowing func peek(into byte: inout UInt8) -> IOResult {
    let number = self.number
    // The pointer is used during the call alone.
    return unsafe withUnsafeMutablePointer(to: &byte) { byte in
      transfer { unsafe pl_peek_byte(number, byte) }
    }
  }

  /// Sends FIN once what was sent before has left.
  package borrowing func shutdownWrite() { ignore(pl_shutdown_write(number)) }

  /// Makes closing send a reset.
  package borrowing func resetOnClose() { ignore(pl_reset_on_close(number)) }

  private static func tcpSocket(family: Int32) throws(Errno) -> Descriptor {
    Descriptor(owning: try systemCall { pl_tcp_socket(family) })
  }

  private borrowing func setTransparent(family: Int32) throws(Errno) {
    if family == AF_INET {
      try setOption(Int32(IPPROTO_IP), IP_TRANSPARENT, 1)
    } else {
      try setOption(Int32(IPPROTO_IPV6), IPV6_TRANSPARENT, 1)
    }
  }

  private borrowing func setOption(_ level: Int32, _ name: Int32, _ value: Int32) throws(Errno) {
    let number = self.number
    _ = try systemCall { pl_set_option(number, level, name, value) }
  }

  /// Calls that tune a connection: where the peer is already gone they fail, and the next read or
  /// write says so.
  private borrowing func ignore(_ result: Int32) {
    precondition(result != -EBADF, "a system call met a closed descriptor")
  }
}
