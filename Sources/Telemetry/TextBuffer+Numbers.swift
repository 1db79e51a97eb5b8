extension TextBuffer {
  /// Appends `value` in base 10.
  package mutating func append(decimal value: UInt64) {
    write(20) { $0.append(decimal: value) }
  }

  /// Appends the 36 characters of a UUID, in lower case.
  package mutating func append(_ id: AuditID) {
    write(36) { output in
      let upper = UInt64(truncatingIfNeeded: id.rawValue >> 64)
      let lower = UInt64(truncatingIfNeeded: id.rawValue)
      output.append(hex: upper >> 32, digits: 8)
      output.append(UInt8(ascii: "-"))
      output.append(hex: upper >> 16, digits: 4)
      output.append(UInt8(ascii: "-"))
      output.append(hex: upper, digits: 4)
      output.append(UInt8(ascii: "-"))
      output.append(hex: lower >> 48, digits: 4)
      output.append(UInt8(ascii: "-"))
      output.append(hex: lower, digits: 12)
    }
  }
}

extension OutputSpan<UInt8> {
  /// Appends `value` in base 10: at most 20 digits.
  @inline(__always)
  @_lifetime(self: copy self)
  mutating func append(decimal value: UInt64) {
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var rest = value
    var count = 0
    repeat {
      digits[count] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
      count &+= 1
    } while rest > 0
    while count > 0 {
      count &-= 1
      append(digits[count])
    }
  }

  /// Appends the last `count` decimal digits of `value`, zeros included; at most 20.
  @inline(__always)
  @_lifetime(self: copy self)
  mutating func append(decimal value: UInt64, digits count: Int) {
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var rest = value
    for index in 0..<count {
      digits[index] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
    for index in 1...count { append(digits[count - index]) }
  }

  /// Appends the last `digits` hexadecimal digits of `value`, zeros included, in lower case.
  @inline(__always)
  @_lifetime(self: copy self)
  mutating func append(hex value: UInt64, digits: Int) {
    var shift = UInt64(4 * digits)
    while shift > 0 {
      shift &-= 4
      append(hexDigit(UInt8(truncatingIfNeeded: value >> shift & 15)))
    }
  }
}

/// The lower-case digit for 0...15.
@inline(__always)
func hexDigit(_ value: UInt8) -> UInt8 {
  value < 10 ? UInt8(ascii: "0") &+ value : UInt8(ascii: "a") &+ value &- 10
}
