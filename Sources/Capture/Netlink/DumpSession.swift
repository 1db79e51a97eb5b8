internal import CNetfilter
internal import Glibc
internal import Kernel

/// Questions to the kernel's nftables and the lists that it answers with. One thread's.
///
/// A list arrives in pieces, and the kernel looks at its tables anew for each: what another process
/// changes in between would tear the list. The kernel says so (`NLM_F_DUMP_INTR`), and each change
/// has a number, the generation, which is asked for before and after.
struct DumpSession: ~Copyable {
  private var socket: NetfilterSocket
  private var sequence: UInt32 = 0

  /// Something that ends one attempt.
  enum Interruption: Error {
    /// Somebody changed the ruleset while it was listed.
    case changed
    /// Answers were lost: there was no room for them.
    case overflow
    case failed(DumpError)
  }

  /// - Parameter answers: room for answers that wait to be read, in bytes.
  init(answers: Int) throws(Interruption) {
    socket = try Self.open()
    socket.makeRoom(sending: 0, receiving: answers)
  }

  private static func open() throws(Interruption) -> NetfilterSocket {
    do throws(TransactionError) {
      let socket = try NetfilterSocket()
      try socket.bind()
      return socket
    } catch {
      throw Interruption(error)
    }
  }

  /// Everything of one kind, as messages that libnftnl reads. The kernel heeds a filter by
  /// attributes for some kinds only, and older ones for fewer: the caller looks at what comes.
  mutating func list(
    _ kind: nf_tables_msg_types, of family: KernelFamily = .any,
    _ attributes: [(UInt32, String)] = [], called what: String
  ) throws(Interruption) -> [NetlinkMessage] {
    let payload = attributes.flatMap { NetlinkMessage.attribute(UInt16($0.0), text: $0.1) }
    return try ask(kind, family, flags: UInt16(NLM_F_ROOT | NLM_F_MATCH), payload, what: what)
  }

  /// The number of the ruleset in force.
  mutating func generation() throws(Interruption) -> UInt32 {
    let what = "the ruleset's generation"
    let answers = try ask(NFT_MSG_GETGEN, .any, flags: 0, [], what: what)
    let number = answers.first?.attributes.first { $0.type == UInt16(NFTA_GEN_ID.rawValue) }
    guard let number, number.payload.count == 4 else {
      throw .failed(.unreadable(what: what))
    }
    return number.payload.reduce(0) { $0 << 8 | UInt32($1) }
  }

  private mutating func ask(
    _ kind: nf_tables_msg_types, _ family: KernelFamily, flags: UInt16, _ attributes: [UInt8],
    what: String
  ) throws(Interruption) -> [NetlinkMessage] {
    sequence += 1
    do throws(TransactionError) {
      try socket.send(
        NetlinkMessage.request(
          kind, family, flags: flags, sequence: sequence, attributes: attributes))
    } catch {
      throw Interruption(error)
    }
    return try collect(isList: flags != 0, what: what)
  }

  /// Reads up to the end of the list, which is a message of its own; a single answer has none.
  private mutating func collect(
    isList: Bool, what: String
  ) throws(Interruption) -> [NetlinkMessage] {
    var collected: [NetlinkMessage] = []
    while true {
      let bytes: ArraySlice<UInt8>
      do throws(TransactionError) { bytes = try socket.receiveBytes() } catch {
        throw Interruption(error)
      }
      guard let messages = NetlinkMessage.all(in: bytes) else {
        throw .failed(.unreadable(what: what))
      }
      for message in messages where message.sequence == sequence {
        if let failure = message.failure { throw Interruption(failure, what: what) }
        if message.isInterrupted { throw .changed }
        if message.isEnd { return collected }
        collected.append(message)
        if !isList { return collected }
      }
    }
  }
}

extension DumpSession.Interruption {
  init(_ error: TransactionError) {
    switch error {
    case .system(_, .noBufferSpace): self = .overflow
    case .unsupported: self = .failed(.unsupported)
    default: self = .failed(.transport(error))
    }
  }

  init(_ errno: Errno, what: String) {
    switch errno.code {
    case EPERM: self = .failed(.notPermitted)
    // The table or set was there a moment ago, or the kernel itself ran into a change.
    case ENOENT, EINTR, EAGAIN: self = .changed
    case ENOBUFS: self = .overflow
    // What netfilter's netlink says where nf_tables isn't built in.
    case EINVAL, EOPNOTSUPP: self = .failed(.unsupported)
    default: self = .failed(.refused(what: what, errno))
    }
  }
}

extension KernelFamily {
  /// All families.
  static let any = KernelFamily(rawValue: 0)
}
