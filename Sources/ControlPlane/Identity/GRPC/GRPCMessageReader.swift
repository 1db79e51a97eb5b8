internal import Kernel
internal import NIOCore

/// Cuts the body of a gRPC response into its messages: a byte that says whether one is compressed,
/// four with its length, the message (gRPC over HTTP/2, `Length-Prefixed-Message`). Where HTTP/2
/// frames begin and end doesn't matter.
struct GRPCMessageReader {
  /// Bytes of the longest message that is read, as other clients have it.
  static let defaultLimit = 4 << 20

  private static let prefixLength = 5
  private let limit: Int
  private var prefix: [UInt8] = []
  /// Being read; has room for what its prefix announced.
  private var message: SecretBytes?

  init(limit: Int = defaultLimit) { self.limit = limit }

  /// True where the body may end.
  var isBetweenMessages: Bool { prefix.isEmpty && message == nil }

  /// Takes bytes from the front of `buffer`; the next whole message, or nil once there are no more.
  ///
  /// - Throws: after which nothing of the body can be told any more.
  mutating func next(_ buffer: inout NIOCore.ByteBuffer) throws(GRPCFramingError) -> SecretBytes? {
    while true {
      if let message {
        let count = min(message.room, buffer.readableBytes)
        message.append(buffer.readableBytesView.prefix(count))
        buffer.moveReaderIndex(forwardBy: count)
        guard message.isFull else { return nil }
        self.message = nil
        return message
      }
      guard let byte = buffer.readInteger(as: UInt8.self) else { return nil }
      prefix.append(byte)
      if prefix.count == Self.prefixLength { message = try begin() }
    }
  }

  private mutating func begin() throws(GRPCFramingError) -> SecretBytes {
    defer { prefix = [] }
    switch prefix[0] {
    case 0: break
    case 1: throw .compressed
    default: throw .unknownFlag
    }
    let length = prefix[1...].reduce(0) { $0 << 8 | Int($1) }
    guard length <= limit else { throw .tooLong }
    return SecretBytes(capacity: length)
  }
}

/// Why the body of a gRPC response can't be read.
enum GRPCFramingError: Error, Hashable, Sendable, CaseIterable {
  /// A message that is compressed, though nobody said that we could undo it.
  case compressed
  /// The first byte of a message is neither 0 nor 1.
  case unknownFlag
  /// A message is longer than the limit.
  case tooLong
  /// The body ends within a message.
  case cutOff
  /// A call that has one answer got none, or several.
  case wrongCount

  var sentence: String {
    switch self {
    case .compressed: "a message is compressed, which nobody agreed to"
    case .unknownFlag: "a message begins with a byte that is neither 0 nor 1"
    case .tooLong: "a message is longer than \(GRPCMessageReader.defaultLimit) bytes"
    case .cutOff: "the last message is cut off"
    case .wrongCount: "the call was not answered with exactly one message"
    }
  }
}
