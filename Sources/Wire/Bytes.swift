extension UInt8 {
  /// `tchar` of RFC 9110 §5.6.2: letters, digits and ``!#$%&'*+-.^_`|~``.
  var isTokenByte: Bool {
    // One bit per ASCII character: a lookup that costs a shift and no memory.
    let low: UInt64 = 0x03ff_6cfa_0000_0000
    let high: UInt64 = 0x57ff_ffff_c7ff_fffe
    return self < 128 && ((self < 64 ? low : high) &>> (self & 63)) & 1 != 0
  }

  /// What a field value may hold (RFC 9110 §5.5): HTAB, SP, VCHAR and obs-text.
  var isFieldValueByte: Bool { (self >= 0x20 && self != 0x7f) || self == 0x09 }

  var isDigit: Bool { self &- UInt8(ascii: "0") < 10 }

  var isLetter: Bool { (self | 0x20) &- UInt8(ascii: "a") < 26 }

  var isWhitespace: Bool { self == 0x20 || self == 0x09 }

  /// 0–15, or nil for what is no hexadecimal digit.
  var hexValue: UInt8? {
    if isDigit { return self &- UInt8(ascii: "0") }
    let letter = (self | 0x20) &- UInt8(ascii: "a")
    return letter < 6 ? letter + 10 : nil
  }

  static let carriageReturn = UInt8(ascii: "\r")
  static let lineFeed = UInt8(ascii: "\n")
}

extension Span where Element == UInt8 {
  /// Letters compare without case. `text` is in lower case and holds nothing but printable ASCII;
  /// the bytes hold no control characters, which the folding would mistake for printable ones.
  func matches(_ text: String) -> Bool {
    count == text.utf8.count && starts(with: text)
  }

  /// As `matches`, of the first bytes only.
  func starts(with text: String) -> Bool {
    let expected = text.utf8.span
    guard count >= expected.count else { return false }
    for index in 0..<expected.count where self[index] | 0x20 != expected[index] | 0x20 {
      return false
    }
    return true
  }

  /// Equal byte for byte.
  func isExactly(_ text: String) -> Bool {
    let expected = text.utf8.span
    guard count == expected.count else { return false }
    for index in 0..<count where self[index] != expected[index] { return false }
    return true
  }

  /// `range` without the SP and HTAB around what it holds (OWS, RFC 9110 §5.6.3).
  func trimmed(_ range: Range<Int>) -> Range<Int> {
    var lower = range.lowerBound
    var upper = range.upperBound
    while lower < upper, self[lower].isWhitespace { lower += 1 }
    while upper > lower, self[upper - 1].isWhitespace { upper -= 1 }
    return lower..<upper
  }

  /// The next member of a comma-separated list (RFC 9110 §5.6.1), trimmed; maybe empty. `rest` is
  /// what remains of the list; nil at its end, which an empty `rest` with no comma before it is.
  func nextListMember(_ rest: inout Range<Int>?) -> Range<Int>? {
    guard let list = rest else { return nil }
    for index in list where self[index] == UInt8(ascii: ",") {
      rest = index + 1..<list.upperBound
      return trimmed(list.lowerBound..<index)
    }
    rest = nil
    return trimmed(list)
  }

  /// Whether the comma-separated list in `range` has `text` among its members, in any case.
  func hasListMember(_ text: String, _ range: Range<Int>) -> Bool {
    var rest: Range<Int>? = range
    while let member = nextListMember(&rest) {
      if extracting(member).matches(text) { return true }
    }
    return false
  }

  /// The number in `range`, which holds digits only. More of them than the largest number has are
  /// too many, be they zeros: there are readers that count digits.
  func decimal(_ range: Range<Int>) -> DecimalResult {
    guard !range.isEmpty else { return .malformed }
    var value: UInt64 = 0
    var overflow = range.count > 19
    for index in range {
      guard self[index].isDigit else { return .malformed }
      let (product, high) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(self[index] & 0x0f))
      overflow = overflow || high || carry || sum > UInt64(Int64.max)
      value = sum
    }
    return overflow ? .tooLarge : .value(value)
  }
}

/// A number in decimal digits.
enum DecimalResult {
  case value(UInt64)
  /// More than 63 bits.
  case tooLarge
  case malformed
}
