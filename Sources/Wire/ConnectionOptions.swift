/// What Connection fields say together (RFC 9110 §7.6.1).
struct ConnectionOptions: Sendable {
  private(set) var close = false
  private(set) var keepAlive = false
  private(set) var upgrade = false
  /// A field is declared hop-by-hop that the next reader must not lose: it frames the message, or
  /// it is one that is added to it here.
  private(set) var dropsField = false
  private(set) var dropsForwardedClientCertificate = false

  mutating func read(_ bytes: Span<UInt8>, _ value: Range<Int>) {
    var rest: Range<Int>? = value
    while let member = bytes.nextListMember(&rest) {
      let option = bytes.extracting(member)
      switch option.count {
      case 4 where option.matches("host"): dropsField = true
      case 5 where option.matches("close"): close = true
      case 7 where option.matches("upgrade"): upgrade = true
      case 10 where option.matches("keep-alive"): keepAlive = true
      case 10 where option.matches("tracestate"): dropsField = true
      case 11 where option.matches("traceparent"): dropsField = true
      case 14 where option.matches("content-length"): dropsField = true
      case 17 where option.matches("transfer-encoding"): dropsField = true
      case 12... where option.isReservedFieldName: dropsField = true
      case 23 where option.isForwardedClientCertificate: dropsForwardedClientCertificate = true
      default: break
      }
    }
  }

  /// RFC 9112 §9.3.
  func keepsAlive(_ version: HTTPVersion) -> Bool {
    !close && (version == .http11 || keepAlive)
  }
}
