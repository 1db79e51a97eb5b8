internal import CNetfilter
internal import Glibc
internal import Kernel

/// A netlink socket for questions about sockets, tracked connections and routes, which the kernel
/// answers each on a bus of its own. One thread's.
struct ConnectionNetlink: ~Copyable {
  /// The kernel's numbers are NETLINK_SOCK_DIAG, NETLINK_NETFILTER and NETLINK_ROUTE.
  enum Bus: Sendable { case sockets, tracking, routes }

  enum Answer {
    /// What stands behind each message's header. Interrupted: the list changed while it was made.
    case messages([ArraySlice<UInt8>], isInterrupted: Bool)
    case refused(Errno)
  }

  private let bus: Bus
  private var handle: NetlinkHandle
  private var room: Int32 = 1 << 20
  private var sequence: UInt32 = 0

  init(_ bus: Bus) throws(ConnectionError) {
    self.bus = bus
    handle = try NetlinkHandle(bus, room: room)
  }

  /// Sends a question and gives all of its answer.
  ///
  /// Where answers were lost the question is sent again, so a change may be carried out twice: the
  /// second time it says that there is nothing left to do.
  mutating func ask(
    _ type: UInt16, flags: Int32, _ body: [UInt8]
  ) throws(ConnectionError) -> Answer {
    while true {
      do throws(NetlinkHandle.Failure) {
        return try exchange(type, flags: flags, body)
      } catch {
        guard case .overflow = error, room < 1 << 26 else { throw error.error(bus) }
        // A new socket: the rest of a list that was given up stays with the old one.
        room *= 4
        handle = try NetlinkHandle(bus, room: room)
      }
    }
  }

  /// The same for a list, asked for again while it changes. What changes all the time is given as
  /// it is in the end.
  mutating func list(_ type: UInt16, _ body: [UInt8]) throws(ConnectionError) -> Answer {
    for _ in 1..<8 {
      let answer = try ask(type, flags: NLM_F_DUMP, body)
      if case .messages(_, isInterrupted: true) = answer { continue }
      return answer
    }
    return try ask(type, flags: NLM_F_DUMP, body)
  }

  private mutating func exchange(
    _ type: UInt16, flags: Int32, _ body: [UInt8]
  ) throws(NetlinkHandle.Failure) -> Answer {
    sequence += 1
    let all = UInt16(NLM_F_REQUEST | flags | (flags == NLM_F_DUMP ? 0 : NLM_F_ACK))
    try handle.send(
      UInt32(NetlinkReply.headerLength + body.count).hostOrderBytes + type.hostOrderBytes
        + all.hostOrderBytes + sequence.hostOrderBytes + UInt32(0).hostOrderBytes + body)
    var messages: [ArraySlice<UInt8>] = []
    var isInterrupted = false
    while true {
      var rest = try handle.receive()
      while !rest.isEmpty {
        guard let length = rest.word(at: 0).map(Int.init), length >= NetlinkReply.headerLength,
          length <= rest.count
        else { throw .unreadable }
        let message = rest.prefix(length)
        rest = rest.dropFirst((length + 3) & ~3)
        guard message.word(at: 8) == sequence, let type = message.halfWord(at: 4),
          let flags = message.halfWord(at: 6)
        else { continue }
        if flags & Self.interrupted != 0 { isInterrupted = true }
        let body = message.dropFirst(NetlinkReply.headerLength)
        guard type == Self.outcome || type == Self.end else {
          messages.append(body)
          continue
        }
        // The end of a list may carry a code too, or nothing.
        let code = body.word(at: 0).map(Int32.init(bitPattern:)) ?? 0
        return code < 0
          ? .refused(Errno(code == .min ? EPROTO : -code))
          : .messages(messages, isInterrupted: isInterrupted)
      }
    }
  }

  // linux/netlink.h: expressions that Swift can't import.
  private static let outcome: UInt16 = 2
  private static let end: UInt16 = 3
  private static let interrupted: UInt16 = 0x10
}

/// The socket itself.
@safe private struct NetlinkHandle: ~Copyable {
  enum Failure: Error {
    /// The kernel had more to say than the buffer held.
    case overflow
    case unreadable
    case system(call: String, Errno)

    func error(_ bus: ConnectionNetlink.Bus) -> ConnectionError {
      switch self {
      case .overflow: .system(call: "recvmsg(\(bus.name))", .noBufferSpace)
      case .unreadable: .system(call: "recvmsg(\(bus.name))", Errno(EBADMSG))
      case .system(let call, let errno): .system(call: "\(call)(\(bus.name))", errno)
      }
    }
  }

  /// From `mnl_socket_open2`, checked for nil, valid until deinit.
  private let socket: OpaquePointer
  private var received: [UInt8]

  init(_ bus: ConnectionNetlink.Bus, room: Int32) throws(ConnectionError) {
    guard let socket = unsafe mnl_socket_open2(bus.number, Int32(SOCK_CLOEXEC.rawValue)) else {
      if errno == EPROTONOSUPPORT || errno == EAFNOSUPPORT {
        throw .unsupported(feature: bus.name, option: bus.option)
      }
      throw .system(call: "socket(\(bus.name))", Errno(errno))
    }
    guard unsafe mnl_socket_bind(socket, 0, 0) == 0 else {
      let code = errno
      _ = unsafe mnl_socket_close(socket)
      throw .system(call: "bind(\(bus.name))", Errno(code))
    }
    unsafe self.socket = socket
    // The kernel's largest piece of a list is 32 KiB.
    received = Array(repeating: 0, count: 64 * 1024)
    setOption(SO_RCVBUFFORCE, room)
    // The kernel answers while it is being asked; this only keeps a bug from becoming a hang.
    setOption(SO_RCVTIMEO, timeval(tv_sec: 5, tv_usec: 0))
  }

  deinit { _ = unsafe mnl_socket_close(socket) }

  borrowing func send(_ bytes: [UInt8]) throws(Failure) {
    // The bytes live through the call; libmnl reads no more than it is told.
    while unsafe bytes.withUnsafeBytes({
      unsafe mnl_socket_sendto(socket, $0.baseAddress, $0.count)
    }) < 0 {
      if errno != EINTR { throw .system(call: "sendmsg", Errno(errno)) }
    }
  }

  mutating func receive() throws(Failure) -> ArraySlice<UInt8> {
    while true {
      // libmnl writes at most as many bytes as it is told that there are.
      let count = unsafe received.withUnsafeMutableBytes {
        unsafe mnl_socket_recvfrom(socket, $0.baseAddress, $0.count)
      }
      if count >= 0 { return received[..<count] }
      if errno == ENOBUFS { throw .overflow }
      if errno != EINTR { throw .system(call: "recvmsg", Errno(errno)) }
    }
  }

  /// `Value` must be what the kernel reads for the option.
  private borrowing func setOption<Value: BitwiseCopyable>(_ option: Int32, _ value: Value) {
    var value = value
    _ = unsafe setsockopt(
      mnl_socket_get_fd(socket), SOL_SOCKET, option, &value,
      socklen_t(MemoryLayout<Value>.size))
  }
}

extension ConnectionNetlink.Bus {
  fileprivate var number: Int32 {
    switch self {
    case .sockets: NETLINK_SOCK_DIAG
    case .tracking: NETLINK_NETFILTER
    case .routes: NETLINK_ROUTE
    }
  }

  fileprivate var name: String {
    switch self {
    case .sockets: "sock_diag"
    case .tracking: "ctnetlink"
    case .routes: "rtnetlink"
    }
  }

  fileprivate var option: String {
    switch self {
    case .sockets: "CONFIG_INET_DIAG"
    case .tracking: "CONFIG_NF_CT_NETLINK"
    case .routes: "CONFIG_NET"
    }
  }
}
