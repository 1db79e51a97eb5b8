/// A request target taken apart (RFC 9112 §3.2).
struct RequestTarget {
  var form: RequestHead.TargetForm
  var isHTTPS = false
  /// Of the absolute and the authority form.
  var authority: Authority?
  var path: ByteRange

  /// `range` holds no spaces, control bytes or `#`, and is not empty.
  init(_ bytes: Span<UInt8>, _ range: Range<Int>, method: Span<UInt8>) throws(RequestError) {
    path = ByteRange(range.lowerBound, range.upperBound)
    if Self.isConnect(method) {
      form = .authority
      let authority = try Authority(bytes, range)
      guard authority.port != nil else { throw .badPort }
      self.authority = authority
      return
    }
    switch bytes[range.lowerBound] {
    case UInt8(ascii: "/"):
      form = .origin
      path = Self.path(bytes, range)
    case UInt8(ascii: "*"):
      guard range.count == 1, Self.isOptions(method) else { throw .badTarget }
      form = .asterisk
    default:
      form = .absolute
      let target = bytes.extracting(range)
      isHTTPS = target.starts(with: "https://")
      guard isHTTPS || target.starts(with: "http://") else { throw .badTarget }
      let start = range.lowerBound + (isHTTPS ? 8 : 7)
      var end = start
      while end < range.upperBound, bytes[end] != UInt8(ascii: "/"), bytes[end] != UInt8(ascii: "?")
      {
        end += 1
      }
      authority = try Authority(bytes, start..<end)
      path = Self.path(bytes, end..<range.upperBound)
    }
  }

  /// What comes before the query.
  private static func path(_ bytes: Span<UInt8>, _ range: Range<Int>) -> ByteRange {
    for index in range where bytes[index] == UInt8(ascii: "?") {
      return ByteRange(range.lowerBound, index)
    }
    return ByteRange(range.lowerBound, range.upperBound)
  }

  // Methods are case-sensitive (RFC 9110 §9.1): `connect` is another method.

  private static func isConnect(_ method: Span<UInt8>) -> Bool {
    method.count == 7 && method[0] == UInt8(ascii: "C") && method.isExactly("CONNECT")
  }

  private static func isOptions(_ method: Span<UInt8>) -> Bool {
    method.isExactly("OPTIONS")
  }
}
