package import Addressing
internal import CLinux
internal import Glibc

extension IPAddress {
  /// Whether packets to this address end on this host, found out without a privilege: a socket can
  /// be bound to nothing but a host's own addresses (EADDRNOTAVAIL). Three system calls.
  ///
  /// Whatever else fails counts as "own": the caller refuses such a destination. So does every
  /// address where `net.ipv4.ip_nonlocal_bind` is on.
  package var belongsToThisHost: Bool {
    let socket = pl_tcp_socket(canonical.socketFamily)
    guard socket >= 0 else { return socket != -EAFNOSUPPORT }
    let probe = Descriptor(owning: socket)
    // No port is taken for it (Linux 4.2); without the option one is, until the socket closes.
    _ = pl_set_option(probe.number, Int32(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT, 1)
    var address = pl_address(Endpoint(address: canonical, port: 0))
    return unsafe pl_bind(probe.number, &address) != -EADDRNOTAVAIL
  }
}
