extension Span where Element == UInt8 {
  /// `IPv6address` of RFC 3986 §3.2.2: eight groups of hexadecimal digits, the last two perhaps in
  /// IPv4's notation, and one `::` in place of one group or more of zeros. No zone, no brackets.
  var isIPv6Address: Bool {
    var groups = 0
    var isCompressed = false
    var index = 0
    if count >= 2, self[0] == Self.colon, self[1] == Self.colon {
      isCompressed = true
      index = 2
    }
    while index < count {
      var end = index
      while end < count, self[end].hexValue != nil { end += 1 }
      if end < count, self[end] == UInt8(ascii: ".") {
        guard extracting(droppingFirst: index).isIPv4Address else { return false }
        groups += 2
        break
      }
      guard (1...4).contains(end - index) else { return false }
      groups += 1
      guard end < count else { break }
      guard self[end] == Self.colon, end + 1 < count else { return false }
      index = end + 1
      if self[index] == Self.colon {
        guard !isCompressed else { return false }
        isCompressed = true
        index += 1
      }
    }
    return isCompressed ? groups < 8 : groups == 8
  }

  /// `IPv4address`: four numbers up to 255, without leading zeros.
  private var isIPv4Address: Bool {
    var parts = 0
    var index = 0
    while index < count {
      var end = index
      while end < count, self[end].isDigit { end += 1 }
      guard case .value(let value) = decimal(index..<end), value <= 255,
        end - index == 1 || self[index] != UInt8(ascii: "0")
      else { return false }
      parts += 1
      guard end < count else { return parts == 4 }
      guard self[end] == UInt8(ascii: ".") else { return false }
      index = end + 1
    }
    return false
  }

  private static var colon: UInt8 { UInt8(ascii: ":") }
}
