/// What a connection's first bytes turn out to be. Decided within 48 bytes.
package enum FirstBytes: Sendable {
  case needMore
  case tls
  case http
  /// HTTP/2 with prior knowledge (RFC 9113 §3.4).
  case http2
  /// Neither TLS nor HTTP: SSH, SMTP, Redis…
  case opaque
  /// TLS, yet nothing a ClientHello could be read from.
  case malformedTLS

  /// `bytes` are all there are, from the connection's first.
  package static func classify(_ bytes: Span<UInt8>) -> FirstBytes {
    guard bytes.count > 0 else { return .needMore }
    switch bytes[0] {
    case 0x16: return tlsRecord(bytes, .tls)
    // Change cipher spec, alert and application data: a TLS client, but not at its beginning.
    case 0x14, 0x15, 0x17: return tlsRecord(bytes, .malformedTLS)
    case 0x80...0xff: return sslv2Hello(bytes)
    default: return request(bytes)
    }
  }

  /// Whether bytes that are neither TLS nor HTTP here are what some server reads as a request all the
  /// same (RFC 9112 §2.2, §3): behind white space, with other white space in its line, with a longer
  /// method or a target of another scheme. SSH's banner (RFC 4253 §4.2) looks like one and is none.
  package static func resemblesRequest(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.count > 0 else { return false }
    if bytes[0] == .carriageReturn || bytes[0] == .lineFeed || isBlank(bytes[0]) { return true }
    var end = 0
    while end < bytes.count, bytes[end].isTokenByte { end += 1 }
    if end > maximumMethodLength { return true }
    guard end > 0, end < bytes.count, isBlank(bytes[end]) else { return false }
    let isBanner =
      end >= 8 && bytes.extracting(first: 8).isExactly("SSH-2.0-")
      && bytes[end] == UInt8(ascii: " ") && end + 1 < bytes.count && !isBlank(bytes[end + 1])
    return !isBanner
  }

  /// SP, HTAB, VT and FF, by which lenient readers part a request line.
  private static func isBlank(_ byte: UInt8) -> Bool {
    byte.isWhitespace || byte == 0x0b || byte == 0x0c
  }

  private static func tlsRecord(_ bytes: Span<UInt8>, _ result: FirstBytes) -> FirstBytes {
    guard bytes.count > 1 else { return .needMore }
    return bytes[1] == 0x03 ? result : .opaque
  }

  /// The SSLv2-compatible hello of RFC 5246 appendix E.2: a length with its highest bit set, message
  /// type 1, a version.
  private static func sslv2Hello(_ bytes: Span<UInt8>) -> FirstBytes {
    guard bytes.count > 2 else { return .needMore }
    guard bytes[2] == 1 else { return .opaque }
    guard bytes.count > 3 else { return .needMore }
    if bytes[3] == 0x03 { return .malformedTLS }
    guard bytes[3] == 0x00 else { return .opaque }
    guard bytes.count > 4 else { return .needMore }
    return bytes[4] == 0x02 ? .malformedTLS : .opaque
  }

  /// Longest method that is taken for one.
  private static let maximumMethodLength = 31

  /// A method that is registered, or any token with something behind it that only a request target
  /// begins with.
  private static func request(_ bytes: Span<UInt8>) -> FirstBytes {
    var space = 0
    while space < bytes.count, bytes[space] != UInt8(ascii: " ") {
      guard space < maximumMethodLength, bytes[space].isTokenByte else { return .opaque }
      space += 1
    }
    guard space > 0 else { return .opaque }
    guard space < bytes.count else { return .needMore }
    if isRegistered(bytes.extracting(first: space)) { return .http }

    let target = bytes.extracting(droppingFirst: space + 1)
    guard target.count > 0 else { return .needMore }
    if let preface = http2Preface(bytes) { return preface }
    if target[0] == UInt8(ascii: "/") || target[0] == UInt8(ascii: "*") { return .http }
    return scheme(target)
  }

  private static func scheme(_ target: Span<UInt8>) -> FirstBytes {
    let available = min(target.count, 8)
    for index in 0..<available {
      let byte = target[index]
      // Letters fold, `:` and `/` must not: 0x1a and 0x0f would pass for them.
      guard byte >= 0x20 else { return .opaque }
    }
    let seen = target.extracting(first: available)
    if seen.starts(with: "http://") || seen.starts(with: "https://") { return .http }
    return isPrefix(seen, of: "http://") || isPrefix(seen, of: "https://") ? .needMore : .opaque
  }

  private static func isPrefix(_ seen: Span<UInt8>, of text: String) -> Bool {
    let text = text.utf8.span
    guard seen.count < text.count else { return false }
    for index in 0..<seen.count where seen[index] | 0x20 != text[index] { return false }
    return true
  }

  /// The first line of HTTP/2's preface, which no request of HTTP/1 has; nil where the bytes are not
  /// that.
  private static func http2Preface(_ bytes: Span<UInt8>) -> FirstBytes? {
    let preface = "PRI * HTTP/2.0".utf8.span
    let available = min(bytes.count, preface.count)
    for index in 0..<available where bytes[index] != preface[index] { return nil }
    return available == preface.count ? .http2 : .needMore
  }

  /// Methods that a request may begin with whatever its target looks like.
  private static func isRegistered(_ method: Span<UInt8>) -> Bool {
    switch method.count {
    case 3: method.isExactly("GET") || method.isExactly("PUT")
    case 4: method.isExactly("POST") || method.isExactly("HEAD")
    case 5: method.isExactly("PATCH") || method.isExactly("TRACE")
    case 6: method.isExactly("DELETE")
    case 7: method.isExactly("OPTIONS") || method.isExactly("CONNECT")
    default: false
    }
  }
}
