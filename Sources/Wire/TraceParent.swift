/// The `traceparent` of W3C Trace Context.
package struct TraceParent: Sendable, Equatable {
  /// Characters of the value in version 00.
  package static let length = 55

  /// Never zero.
  package var traceID: UInt128
  /// Never zero.
  package var parentID: UInt64
  package var flags: UInt8

  /// The identifiers are the caller's random bits; zero, which is invalid, becomes one.
  package init(traceID: UInt128, parentID: UInt64, flags: UInt8) {
    self.traceID = traceID == 0 ? 1 : traceID
    self.parentID = parentID == 0 ? 1 : parentID
    self.flags = flags
  }

  /// Nil where the value is invalid and a new trace begins. A version above 00 is read by its first
  /// four fields, and of its flags only the one that is known (sampled) is kept.
  package init?(_ value: Span<UInt8>) {
    guard value.count >= Self.length,
      let version = Self.hex(value, 0..<2), version != 0xff,
      value[2] == Self.dash, value[35] == Self.dash, value[52] == Self.dash,
      let traceID = Self.hex(value, 3..<35), traceID != 0,
      let parentID = Self.hex(value, 36..<52), parentID != 0,
      let flags = Self.hex(value, 53..<55)
    else { return nil }
    if value.count > Self.length {
      guard version > 0, value[Self.length] == Self.dash else { return nil }
    }
    self.traceID = traceID
    self.parentID = UInt64(truncatingIfNeeded: parentID)
    self.flags = UInt8(truncatingIfNeeded: flags) & (version == 0 ? 0xff : 0x01)
  }

  /// The value in version 00.
  package var text: InlineArray<55, UInt8> {
    var text = InlineArray<55, UInt8>(repeating: UInt8(ascii: "0"))
    text[2] = Self.dash
    for index in 0..<32 { text[3 + index] = Self.digit(traceID >> (124 - 4 * index)) }
    text[35] = Self.dash
    for index in 0..<16 {
      text[36 + index] = Self.digit(UInt128(parentID >> (60 - 4 * UInt64(index))))
    }
    text[52] = Self.dash
    text[53] = Self.digit(UInt128(flags >> 4))
    text[54] = Self.digit(UInt128(flags))
    return text
  }

  private static let dash = UInt8(ascii: "-")

  private static func digit(_ value: UInt128) -> UInt8 {
    let low = UInt8(truncatingIfNeeded: value) & 0x0f
    return low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10
  }

  /// Lower case only: an upper-case digit makes the value invalid.
  private static func hex(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt128? {
    var value: UInt128 = 0
    for index in range {
      let byte = bytes[index]
      guard let digit = byte.hexValue, byte.isDigit || byte >= UInt8(ascii: "a") else {
        return nil
      }
      value = value << 4 | UInt128(digit)
    }
    return value
  }
}
