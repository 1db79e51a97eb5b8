internal import Kernel

/// One message that the kernel sent back.
enum NetlinkReply: Equatable {
  /// `NLMSG_ERROR`: 0 is an acknowledgement.
  case outcome(sequence: UInt32, NetlinkFailure?)
  case other(sequence: UInt32)

  /// Cuts what one read delivered into messages; nil where the bytes are not such.
  static func parse(_ bytes: ArraySlice<UInt8>) -> [NetlinkReply]? {
    var replies: [NetlinkReply] = []
    var rest = bytes
    while !rest.isEmpty {
      guard let length = rest.word(at: 0).map(Int.init), length >= Self.headerLength,
        length <= rest.count, let sequence = rest.word(at: 8)
      else { return nil }
      let message = rest.prefix(length)
      if message.halfWord(at: 4) == Self.errorType {
        guard let code = message.word(at: 16).map(Int32.init(bitPattern:)), code <= 0 else {
          return nil
        }
        let failure = code == 0 ? nil : NetlinkFailure(code: -code, message: message)
        replies.append(.outcome(sequence: sequence, failure))
      } else {
        replies.append(.other(sequence: sequence))
      }
      rest = rest.dropFirst((length + 3) & ~3)
    }
    return replies
  }

  static let headerLength = 16
  /// `NLMSG_ERROR` of linux/netlink.h: an expression that Swift can't import.
  private static let errorType: UInt16 = 2
}

/// Why the kernel refused a message, as far as it says.
struct NetlinkFailure: Equatable {
  var errno: Errno
  /// Where in the refused message the attribute is that it dislikes, in bytes from its start.
  var attributeOffset: Int?
  /// The kernel's own words; it rarely has any.
  var explanation: String?

  init(errno: Errno, attributeOffset: Int? = nil, explanation: String? = nil) {
    self.errno = errno
    self.attributeOffset = attributeOffset
    self.explanation = explanation
  }

  /// Reads the extended part of an error (Documentation/userspace-api/netlink/intro.rst).
  init(code: Int32, message: ArraySlice<UInt8>) {
    self.init(errno: Errno(code))
    guard let flags = message.halfWord(at: 6), flags & Self.hasAttributes != 0 else { return }
    // Header, code, and the refused message: only its header where the flag says so.
    var offset = NetlinkReply.headerLength + 4
    if flags & Self.isCapped != 0 {
      offset += NetlinkReply.headerLength
    } else if let length = message.word(at: offset) {
      offset += Int((length + 3) & ~3)
    }
    for attribute in NetlinkAttribute.all(in: message.dropFirst(offset)) {
      switch attribute.type {
      case Self.explanationAttribute:
        explanation = String(decoding: attribute.payload.prefix { $0 != 0 }, as: UTF8.self)
      case Self.offsetAttribute:
        attributeOffset = attribute.payload.word(at: 0).map(Int.init)
      default: break
      }
    }
  }

  // linux/netlink.h; the C library's copy of it is older than the flags.
  private static let isCapped: UInt16 = 0x100
  private static let hasAttributes: UInt16 = 0x200
  private static let explanationAttribute: UInt16 = 1
  private static let offsetAttribute: UInt16 = 2
}

struct NetlinkAttribute {
  var type: UInt16
  var payload: ArraySlice<UInt8>

  /// As many as are whole.
  static func all(in bytes: ArraySlice<UInt8>) -> [NetlinkAttribute] {
    var attributes: [NetlinkAttribute] = []
    var rest = bytes
    while let length = rest.halfWord(at: 0).map(Int.init), length >= 4, length <= rest.count,
      let type = rest.halfWord(at: 2)
    {
      attributes.append(
        NetlinkAttribute(type: type & 0x3fff, payload: rest.prefix(length).dropFirst(4)))
      rest = rest.dropFirst((length + 3) & ~3)
    }
    return attributes
  }
}

/// Numbers in host order at a distance from the slice's start; nil past its end.
extension ArraySlice<UInt8> {
  func halfWord(at offset: Int) -> UInt16? {
    number(at: offset, width: 2).map { UInt16(truncatingIfNeeded: $0) }
  }

  func word(at offset: Int) -> UInt32? { number(at: offset, width: 4) }

  private func number(at offset: Int, width: Int) -> UInt32? {
    guard count >= offset + width else { return nil }
    let bytes = Array(self[(startIndex + offset)..<(startIndex + offset + width)])
    return bytes.networkOrder.reduce(0) { $0 << 8 | UInt32($1) }
  }
}
