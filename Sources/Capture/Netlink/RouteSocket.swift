internal import CNetfilter
internal import Glibc
internal import Kernel

/// A netlink socket to the kernel's routing. Owned by one task on one thread.
@safe struct RouteSocket: ~Copyable {
  /// From `mnl_socket_open2`, valid until deinit.
  private let socket: OpaquePointer
  /// The kernel writes lists in pieces of at most 32 KiB.
  private var received = [UInt8](repeating: 0, count: 64 * 1024)
  private var sequence: UInt32 = 0
  private var room: Int32 = 1 << 20

  private static let attempts = 20
  private static let largestRoom: Int32 = 1 << 26

  init() throws(RoutingError) {
    guard let socket = unsafe mnl_socket_open2(NETLINK_ROUTE, Int32(SOCK_CLOEXEC.rawValue)) else {
      throw .system(call: "socket(NETLINK_ROUTE)", Errno(errno))
    }
    unsafe self.socket = socket
  }

  deinit { _ = unsafe mnl_socket_close(socket) }

  /// Gives the socket its address, errors more words, and lists that are filtered by the kernel
  /// where it can (from 4.20 on; the answers are looked at again in any case).
  borrowing func bind() throws(RoutingError) {
    guard unsafe mnl_socket_bind(socket, 0, 0) == 0 else {
      throw .system(call: "bind(NETLINK_ROUTE)", Errno(errno))
    }
    setNetlinkOption(NETLINK_EXT_ACK)
    setNetlinkOption(NETLINK_CAP_ACK)
    setNetlinkOption(NETLINK_GET_STRICT_CHK)
    // The kernel answers while it is being asked; this only keeps a bug from becoming a hang.
    setSocketOption(SO_RCVTIMEO, timeval(tv_sec: 5, tv_usec: 0))
    setSocketOption(SO_RCVBUFFORCE, room)
  }

  /// Everything of a kind. Asked again where the list changed while it was written or a part of it
  /// was lost.
  ///
  /// - Parameter what: plural, for an error's sentence.
  mutating func list(
    _ question: RouteMessage, _ what: String
  ) throws(RoutingError) -> [RouteMessage] {
    for _ in 0..<Self.attempts {
      if let entries = try listOnce(question, what) { return entries }
    }
    throw .unsteady(what: what)
  }

  /// Makes one change; the kernel has made it when this returns. ENOBUFS means that its answer was
  /// lost, so that nobody knows whether it has.
  ///
  /// - Parameter what: completes "the kernel refused".
  mutating func change(_ message: RouteMessage, _ what: String) throws(RoutingError) {
    var message = message
    message.flags |= UInt16(NLM_F_REQUEST | NLM_F_ACK)
    try send(&message)
    while true {
      for case .outcome(sequence, let failure) in try receive().answers {
        if let failure { throw RoutingError(failure, what: what) }
        return
      }
    }
  }

  /// The one answer to a question about one thing.
  ///
  /// - Parameter what: completes "the kernel refused".
  mutating func ask(
    _ question: RouteMessage, _ what: String
  ) throws(RoutingError) -> RouteMessage {
    var question = question
    question.flags = UInt16(NLM_F_REQUEST)
    try send(&question)
    while true {
      for answer in try receive().answers {
        switch answer {
        case .entry(let entry) where entry.sequence == sequence: return entry
        case .outcome(sequence, let failure?): throw RoutingError(failure, what: what)
        case .entry, .done, .outcome: break
        }
      }
    }
  }

  /// Nil where a part was lost, or somebody changed the list meanwhile.
  private mutating func listOnce(
    _ question: RouteMessage, _ what: String
  ) throws(RoutingError) -> [RouteMessage]? {
    var question = question
    question.flags = UInt16(NLM_F_REQUEST | NLM_F_ROOT | NLM_F_MATCH)
    try send(&question)
    var entries: [RouteMessage] = []
    var isTorn = false
    while true {
      let answers: [RouteAnswer]
      do throws(RoutingError) {
        let (some, tornHere) = try receive()
        answers = some
        isTorn = isTorn || tornHere
      } catch .system(_, .noBufferSpace) {
        // A part is lost. The rest comes all the same and must be read: while one list is under
        // way the kernel begins no other (EBUSY).
        makeRoom()
        answers = []
        isTorn = true
      }
      for answer in answers {
        switch answer {
        case .entry(let entry) where entry.sequence == sequence: entries.append(entry)
        case .done(sequence, let error):
          if let error { throw .refused(what: "to list \(what)", error, explanation: nil) }
          return isTorn ? nil : entries
        case .outcome(sequence, let failure?):
          throw RoutingError(failure, what: "to list \(what)")
        // The rest of a list that was given up.
        case .entry, .done, .outcome: break
        }
      }
    }
  }

  private mutating func send(_ message: inout RouteMessage) throws(RoutingError) {
    sequence += 1
    message.sequence = sequence
    // EINTR can only come before the kernel has looked at the message: it works in our context.
    // The bytes live as long as the call.
    let bytes = message.bytes
    while unsafe bytes.withUnsafeBytes({
      unsafe mnl_socket_sendto(socket, $0.baseAddress, $0.count)
    }) < 0 {
      if errno != EINTR { throw .system(call: "sendmsg(rtnetlink)", Errno(errno)) }
    }
  }

  private mutating func receive() throws(RoutingError) -> (answers: [RouteAnswer], isTorn: Bool) {
    while true {
      // `received` has room for the count that is asked for.
      let count = unsafe received.withUnsafeMutableBytes {
        unsafe mnl_socket_recvfrom(socket, $0.baseAddress, $0.count)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw .system(call: "recvmsg(rtnetlink)", Errno(errno))
      }
      guard let parsed = RouteAnswer.parse(received[..<count]) else {
        throw .system(call: "recvmsg(rtnetlink)", Errno(EBADMSG))
      }
      return parsed
    }
  }

  private mutating func makeRoom() {
    room = min(room * 2, Self.largestRoom)
    setSocketOption(SO_RCVBUFFORCE, room)
  }

  private borrowing func setNetlinkOption(_ option: Int32) {
    var value: Int32 = 1
    // The kernel reads an int. Older kernels refuse: their errors say less.
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
