internal import CNetfilter
internal import Glibc
internal import Kernel

/// One message of rtnetlink, to the kernel or from it, as bytes (rtnetlink(7)).
struct RouteMessage: Equatable {
  var type: UInt16
  var flags: UInt16 = 0
  var sequence: UInt32 = 0
  /// The kind's own header, which `attributes` follow.
  var header: [UInt8]
  /// As they stand in the message, each padded to four bytes.
  var attributes: [UInt8] = []

  /// The whole message.
  var bytes: [UInt8] {
    let length = UInt32(NetlinkReply.headerLength + header.count + attributes.count)
    return length.hostOrderBytes + type.hostOrderBytes + flags.hostOrderBytes
      + sequence.hostOrderBytes + UInt32(0).hostOrderBytes + header + attributes
  }

  mutating func append(_ type: Int, _ payload: [UInt8]) {
    attributes += UInt16(payload.count + 4).hostOrderBytes + UInt16(type).hostOrderBytes + payload
    attributes += Array(repeating: 0, count: -payload.count & 3)
  }

  mutating func append(_ type: Int, _ number: UInt32) { append(type, number.hostOrderBytes) }

  /// A text that ends in a zero byte.
  mutating func append(_ type: Int, text: String) { append(type, Array(text.utf8) + [0]) }

  /// The attributes of a message from the kernel; of several of a type the last one counts.
  var values: Values { Values(attributes) }

  struct Values {
    private var payloads: [Int: ArraySlice<UInt8>] = [:]

    init(_ attributes: [UInt8]) {
      for attribute in NetlinkAttribute.all(in: attributes[...]) {
        payloads[Int(attribute.type)] = attribute.payload
      }
    }

    func bytes(_ type: Int) -> ArraySlice<UInt8>? { payloads[type] }
    func byte(_ type: Int) -> UInt8? { payloads[type]?.first }
    func word(_ type: Int) -> UInt32? { payloads[type]?.word(at: 0) }
    func text(_ type: Int) -> String? {
      payloads[type].map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
  }
}

/// One message of a list, or what ends it.
enum RouteAnswer: Equatable {
  case entry(RouteMessage)
  /// The list is complete, or the kernel gave up on it.
  case done(sequence: UInt32, Errno?)
  /// A single question's outcome.
  case outcome(sequence: UInt32, NetlinkFailure?)

  /// Cuts what one read delivered into messages; nil where the bytes are not such.
  ///
  /// - Returns: with them, whether the kernel says that the list changed while it was written: an
  ///   entry may be missing, or be there twice (NLM_F_DUMP_INTR).
  static func parse(_ bytes: ArraySlice<UInt8>) -> (answers: [RouteAnswer], isTorn: Bool)? {
    var answers: [RouteAnswer] = []
    var isTorn = false
    var rest = bytes
    while !rest.isEmpty {
      guard let length = rest.word(at: 0).map(Int.init), length >= NetlinkReply.headerLength,
        length <= rest.count, let type = rest.halfWord(at: 4), let flags = rest.halfWord(at: 6),
        let sequence = rest.word(at: 8)
      else { return nil }
      let message = rest.prefix(length)
      let payload = message.dropFirst(NetlinkReply.headerLength)
      if type != Self.errorType, flags & Self.interrupted != 0 { isTorn = true }
      switch type {
      case Self.errorType:
        guard let code = payload.signedWord, code <= 0 else { return nil }
        let failure = code == 0 ? nil : NetlinkFailure(code: -code, message: message)
        answers.append(.outcome(sequence: sequence, failure))
      case Self.doneType:
        let code = payload.signedWord ?? 0
        answers.append(.done(sequence: sequence, code < 0 ? Errno(-code) : nil))
      default:
        guard let size = RouteMessage.headerSize(type), payload.count >= size else { return nil }
        answers.append(
          .entry(
            RouteMessage(
              type: type, flags: flags, sequence: sequence, header: Array(payload.prefix(size)),
              attributes: Array(payload.dropFirst(size)))))
      }
      rest = rest.dropFirst((length + 3) & ~3)
    }
    return (answers, isTorn)
  }

  // linux/netlink.h: expressions that Swift can't import.
  private static let errorType: UInt16 = 2
  private static let doneType: UInt16 = 3
  private static let interrupted: UInt16 = 0x10
}

extension RouteMessage {
  /// Bytes of the header of a kind; nil for kinds that nobody asks for here. Adding, deleting and
  /// asking share a header.
  fileprivate static func headerSize(_ type: UInt16) -> Int? {
    switch Int(type) & ~3 {
    case RTM_NEWLINK: MemoryLayout<ifinfomsg>.size
    case RTM_NEWADDR: MemoryLayout<ifaddrmsg>.size
    case RTM_NEWROUTE: MemoryLayout<rtmsg>.size
    case RTM_NEWRULE: MemoryLayout<fib_rule_hdr>.size
    default: nil
    }
  }
}

extension ArraySlice<UInt8> {
  fileprivate var signedWord: Int32? { word(at: 0).map(Int32.init(bitPattern:)) }
}
