internal import CNetfilter
internal import Glibc
internal import Kernel

/// A netlink socket to the kernel's nftables. Owned by one transaction on one thread.
@safe struct NetfilterSocket: ~Copyable {
  /// From `mnl_socket_open2`, valid until deinit.
  private let socket: OpaquePointer
  private var received: [UInt8]

  init() throws(TransactionError) {
    guard let socket = unsafe mnl_socket_open2(NETLINK_NETFILTER, Int32(SOCK_CLOEXEC.rawValue))
    else {
      if errno == EPROTONOSUPPORT || errno == EAFNOSUPPORT {
        throw .unsupported(feature: "netfilter's netlink", option: "CONFIG_NETFILTER_NETLINK")
      }
      throw .system(call: "socket(NETLINK_NETFILTER)", Errno(errno))
    }
    unsafe self.socket = socket
    received = Array(repeating: 0, count: 64 * 1024)
  }

  /// Gives the socket its address, and errors more words.
  borrowing func bind() throws(TransactionError) {
    guard unsafe mnl_socket_bind(socket, 0, 0) == 0 else {
      throw .system(call: "bind(NETLINK_NETFILTER)", Errno(errno))
    }
    // Errors then say which attribute they mean, and don't send the whole message back. Kernels
    // before 4.12 refuse: their errors say less.
    setNetlinkOption(NETLINK_EXT_ACK, 1)
    setNetlinkOption(NETLINK_CAP_ACK, 1)
    // The kernel answers while it is being asked; this only keeps a bug from becoming a hang.
    setSocketOption(SO_RCVTIMEO, timeval(tv_sec: 5, tv_usec: 0))
  }

  deinit { _ = unsafe mnl_socket_close(socket) }

  /// Makes room for a batch of `bytes` and for `answers` bytes of errors. The forced variants pass
  /// the system's limits (net.core.wmem_max, rmem_max) with CAP_NET_ADMIN; in a user namespace they
  /// are refused, and as much as the limits allow is what there is.
  borrowing func makeRoom(sending bytes: Int, receiving answers: Int) {
    let room = Int32(clamping: max(bytes * 2, 1 << 18))
    for option in [SO_SNDBUF, SO_SNDBUFFORCE] { setSocketOption(option, room) }
    for option in [SO_RCVBUF, SO_RCVBUFFORCE] { setSocketOption(option, Int32(clamping: answers)) }
  }

  borrowing func send(_ bytes: [UInt8]) throws(TransactionError) {
    // EINTR can only come before the kernel has looked at the message: it works in our context.
    while unsafe bytes.withUnsafeBytes({
      unsafe mnl_socket_sendto(socket, $0.baseAddress, $0.count)
    }) < 0 {
      if errno == EMSGSIZE { throw .tooLarge(bytes: bytes.count) }
      if errno != EINTR { throw .system(call: "sendmsg(nf_tables)", Errno(errno)) }
    }
  }

  /// What one read delivers, as the answers to a transaction; waits for it.
  mutating func receive() throws(TransactionError) -> [NetlinkReply] {
    guard let replies = NetlinkReply.parse(try receiveBytes()) else {
      throw .system(call: "recvmsg(nf_tables)", Errno(EBADMSG))
    }
    return replies
  }

  /// What one read delivers; waits for it.
  mutating func receiveBytes() throws(TransactionError) -> ArraySlice<UInt8> {
    while true {
      let count = unsafe received.withUnsafeMutableBytes {
        unsafe mnl_socket_recvfrom(socket, $0.baseAddress, $0.count)
      }
      if count >= 0 { return received[..<count] }
      if errno != EINTR { throw .system(call: "recvmsg(nf_tables)", Errno(errno)) }
    }
  }

  private borrowing func setNetlinkOption(_ option: Int32, _ value: Int32) {
    var value = value
    _ = unsafe mnl_socket_setsockopt(
      socket, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  /// `Value` must be what the kernel reads for the option.
  private borrowing func setSocketOption<Value: BitwiseCopyable>(_ option: Int32, _ value: Value) {
    var value = value
    _ = unsafe setsockopt(
      mnl_socket_get_fd(socket), SOL_SOCKET, option, &value,
      socklen_t(MemoryLayout<Value>.size))
  }
}
