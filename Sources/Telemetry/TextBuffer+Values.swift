package import Addressing

extension TextBuffer {
  /// The 36 characters of a UUID, lower case.
  package mutating func append(_ id: AuditID) {
    for index in 0..<16 {
      if index == 4 || index == 6 || index == 8 || index == 10 { append(UInt8(ascii: "-")) }
      let byte = UInt8(truncatingIfNeeded: id.rawValue >> (120 - 8 * index))
      append(Self.hexDigit(byte >> 4))
      append(Self.hexDigit(byte & 15))
    }
  }

  /// The same text as the address's `description`.
  package mutating func append(_ address: IPAddress) {
    append(address.description)
  }

  package mutating func append(decimal value: UInt64) {
    append(String(value))
  }

  static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
