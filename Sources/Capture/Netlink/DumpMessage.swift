internal import CNetfilter
internal import Glibc
internal import Kernel

/// One whole message that the kernel sent: a header, nftables' own short one, attributes.
struct NetlinkMessage {
  private(set) var bytes: [UInt8]

  /// Behind both headers.
  static let attributesStart = NetlinkReply.headerLength + 4

  /// Cuts what one read delivered into messages; nil where the bytes are not such.
  static func all(in bytes: ArraySlice<UInt8>) -> [NetlinkMessage]? {
    var messages: [NetlinkMessage] = []
    var rest = bytes
    while !rest.isEmpty {
      guard let length = rest.word(at: 0).map(Int.init), length >= Self.attributesStart,
        length <= rest.count
      else { return nil }
      messages.append(NetlinkMessage(bytes: Array(rest.prefix(length))))
      rest = rest.dropFirst((length + 3) & ~3)
    }
    return messages
  }

  var sequence: UInt32 { bytes[...].word(at: 8) ?? 0 }
  private var type: UInt16 { bytes[...].halfWord(at: 4) ?? 0 }
  private var flags: UInt16 { bytes[...].halfWord(at: 6) ?? 0 }

  var attributes: [NetlinkAttribute] {
    NetlinkAttribute.all(in: bytes[Self.attributesStart...])
  }

  /// `nfgen_family`: the family of the table that the message is about.
  var family: KernelFamily { KernelFamily(rawValue: bytes[NetlinkReply.headerLength]) }

  var isEnd: Bool { type == Self.endType }
  /// Set on any message of a list that was changed while it was made, the end included.
  var isInterrupted: Bool { flags & Self.interruptedFlag != 0 }

  /// What went wrong: an error for an answer, or an end that has one for its code.
  var failure: Errno? {
    guard type == Self.errorType || type == Self.endType,
      let code = bytes[...].word(at: NetlinkReply.headerLength).map(Int32.init(bitPattern:)),
      code < 0
    else { return nil }
    return Errno(code == .min ? EPROTO : -code)
  }

  /// A question of ours.
  static func request(
    _ kind: nf_tables_msg_types, _ family: KernelFamily, flags: UInt16, sequence: UInt32,
    attributes: [UInt8]
  ) -> [UInt8] {
    let type = UInt16(NFNL_SUBSYS_NFTABLES) << 8 | UInt16(kind.rawValue)
    let length = UInt32(Self.attributesStart + attributes.count)
    return length.hostOrderBytes + type.hostOrderBytes
      + (UInt16(NLM_F_REQUEST) | flags).hostOrderBytes + sequence.hostOrderBytes
      + UInt32(0).hostOrderBytes + [family.rawValue, UInt8(NFNETLINK_V0), 0, 0] + attributes
  }

  /// A string as an attribute, padded to the next one's place.
  static func attribute(_ type: UInt16, text: String) -> [UInt8] {
    let payload = Array(text.utf8) + [0]
    let padding = Array(repeating: UInt8(0), count: (4 - payload.count % 4) % 4)
    return UInt16(4 + payload.count).hostOrderBytes + type.hostOrderBytes + payload + padding
  }

  /// Lets libnftnl read the message, which is whole and as long as its header says: `all` has seen
  /// to that. The pointer is valid within `body` only.
  func withHeader<Result>(_ body: (UnsafePointer<nlmsghdr>) -> Result) -> Result {
    // An array's memory is aligned for any C type, and no message is shorter than its header.
    unsafe bytes.withUnsafeBytes {
      unsafe body($0.baseAddress!.assumingMemoryBound(to: nlmsghdr.self))
    }
  }

  // linux/netlink.h: expressions that Swift can't import.
  private static let errorType: UInt16 = 2
  private static let endType: UInt16 = 3
  private static let interruptedFlag: UInt16 = 0x10
}
