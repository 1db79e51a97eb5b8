/// Walks the fields of a message in the wire format of Protocol Buffers. Pure; where a field holds
/// bytes it gives their place, so that a private key isn't copied on the way.
struct ProtobufReader {
  struct Field: Equatable {
    var number: UInt64
    var value: Value
  }

  enum Value: Equatable {
    case varint(UInt64)
    /// Bytes, a text or a message: where they stand.
    case bytes(Range<Int>)
    /// Four or eight bytes, which no message that is read here has.
    case fixed
  }

  private var position: Int
  private let end: Int

  /// - Parameter range: of one message, within the bytes that `next` is given.
  init(_ range: Range<Int>) {
    position = range.lowerBound
    end = range.upperBound
  }

  /// The next field; nil at the end of the message.
  mutating func next(_ bytes: Span<UInt8>) throws(ProtobufError) -> Field? {
    guard position < end else { return nil }
    let tag = try varint(bytes)
    let number = tag >> 3
    guard number > 0, number < 1 << 29 else { throw .badTag }
    switch tag & 7 {
    case 0: return Field(number: number, value: .varint(try varint(bytes)))
    case 1: return Field(number: number, value: try skip(8))
    case 2:
      let length = try varint(bytes)
      guard length <= UInt64(end - position) else { throw .cutOff }
      let start = position
      position += Int(length)
      return Field(number: number, value: .bytes(start..<position))
    case 5: return Field(number: number, value: try skip(4))
    default: throw .badTag
    }
  }

  private mutating func skip(_ count: Int) throws(ProtobufError) -> Value {
    guard count <= end - position else { throw .cutOff }
    position += count
    return .fixed
  }

  /// Seven bits in each byte, the lowest first; the last has its highest bit clear.
  private mutating func varint(_ bytes: Span<UInt8>) throws(ProtobufError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard position < end else { throw .cutOff }
      let byte = UInt64(bytes[position])
      position += 1
      if shift == 63, byte > 1 { throw .badNumber }
      value |= (byte & 0x7f) << shift
      if byte & 0x80 == 0 { return value }
    }
    throw .badNumber
  }
}

/// Why bytes are no message of Protocol Buffers.
enum ProtobufError: Error, Hashable, Sendable, CaseIterable {
  /// It ends within a field.
  case cutOff
  /// A field of number 0, or of a kind that there isn't.
  case badTag
  /// A number of more than 64 bits.
  case badNumber
  /// A text that is no UTF-8.
  case badText

  var sentence: String {
    switch self {
    case .cutOff: "it ends within a field"
    case .badTag: "a field has a number or a kind that there isn't"
    case .badNumber: "a number has more than 64 bits"
    case .badText: "a text is no UTF-8"
    }
  }
}
