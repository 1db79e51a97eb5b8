/// A host with an optional port (RFC 3986 §3.2), as it stands in Host or in a request target.
struct Authority {
  var host: ByteRange
  var isBracketed = false
  var port: UInt16?

  /// Refuses what readers disagree on: userinfo, an empty host, percent-encoding, a list, an empty
  /// port or one with leading zeros.
  init(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(RequestError) {
    guard !range.isEmpty else { throw .emptyHost }
    for index in range where bytes[index] == UInt8(ascii: "@") { throw .userinfoInHost }
    var end = range.lowerBound
    if bytes[end] == UInt8(ascii: "[") {
      isBracketed = true
      end += 1
      while end < range.upperBound, Self.isAddressByte(bytes[end]) { end += 1 }
      guard end < range.upperBound, bytes[end] == UInt8(ascii: "]") else { throw .badHost }
      host = ByteRange(range.lowerBound + 1, end)
      guard host.isEmpty || bytes[host].isIPv6Address else { throw .badHost }
      end += 1
    } else {
      while end < range.upperBound, Self.isNameByte(bytes[end]) { end += 1 }
      host = ByteRange(range.lowerBound, end)
    }
    if end < range.upperBound {
      guard bytes[end] == UInt8(ascii: ":") else { throw .badHost }
      port = try Self.port(bytes, end + 1..<range.upperBound)
    }
    guard !host.isEmpty else { throw .emptyHost }
  }

  private static func port(_ bytes: Span<UInt8>, _ digits: Range<Int>) throws(RequestError)
    -> UInt16
  {
    guard (1...5).contains(digits.count), bytes[digits.lowerBound] != UInt8(ascii: "0") else {
      throw .badPort
    }
    guard case .value(let value) = bytes.decimal(digits), let port = UInt16(exactly: value) else {
      throw .badPort
    }
    return port
  }

  /// `unreserved` and `sub-delims` of RFC 3986 without the comma, by which lists are split.
  private static func isNameByte(_ byte: UInt8) -> Bool {
    if byte.isLetter || byte.isDigit { return true }
    switch byte {
    case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"),
      UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"),
      UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"),
      UInt8(ascii: ";"), UInt8(ascii: "="):
      return true
    default: return false
    }
  }

  /// An IPv6 address; no zone, which means nothing to anyone but the sender.
  private static func isAddressByte(_ byte: UInt8) -> Bool {
    byte.hexValue != nil || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
  }
}
