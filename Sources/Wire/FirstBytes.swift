/// What a connection's first bytes turn out to be. Decided within 48 bytes.
package enum FirstBytes: Sendable {
  case needMore
  case tls
  case http
  /// Neither TLS nor HTTP/1: SSH, SMTP, Redis, HTTP/2 with prior knowledge…
  case opaque
  /// TLS, yet nothing a ClientHello could be read from.
  case malformedTLS

  /// `bytes` are all there are, from the connection's first.
  package static func classify(_ bytes: Span<UInt8>) -> FirstBytes {
    .needMore
  }
}
