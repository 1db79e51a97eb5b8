package import Addressing
internal import CLinux
internal import Glibc

// What probes need besides connections: datagrams, and waiting for a single socket.
extension Descriptor {
  /// A UDP socket whose peer is the endpoint. Nothing is sent; without a route it fails
  /// (ENETUNREACH).
  package static func datagrams(to endpoint: Endpoint) throws(Errno) -> Descriptor {
    let socket = Descriptor(
      owning: try systemCall { pl_udp_socket(endpoint.address.socketFamily) })
    var address = pl_address(endpoint)
    let number = socket.number
    _ = try systemCall { unsafe pl_connect(number, &address) }
    return socket
  }

  /// Sends one datagram to the peer. EPERM: a rule refused it.
  package borrowing func sendDatagram(_ bytes: [UInt8]) throws(Errno) {
    let number = self.number
    // The bytes live through the call, which reads as many as it is told.
    _ = try systemCall {
      unsafe bytes.withUnsafeBytes { unsafe pl_send(number, $0.baseAddress!, $0.count, 0) }
    }
  }

  /// Waits until there is something to read or accept, or the time is up.
  package borrowing func waitReadable(milliseconds: Int32) {
    // EINTR returns early, which the caller's loop allows.
    _ = pl_wait_readable(number, milliseconds)
  }

  /// Waits for the end of connecting, good or bad; false where the time is up.
  package borrowing func waitConnected(milliseconds: Int32) -> Bool {
    let end = Instant.now() + UInt64(max(milliseconds, 0)) * 1_000_000
    while true {
      let left = Int32(end.since(Instant.now()) / 1_000_000)
      let result = pl_wait_writable(number, left)
      if result > 0 { return true }
      if result != -EINTR || left == 0 { return false }
    }
  }
}
