internal import COpenSSL
internal import Kernel

/// How one kind of TLS connection is made: what we present, whom we trust, which versions and
/// ciphers. An immutable snapshot that any thread may use: after a rotation new connections take
/// another one, and live sessions keep theirs alive.
///
/// Sendable: OpenSSL counts references to an `SSL_CTX` atomically, and nothing changes it after
/// `init`.
@safe package final class TLSContext: @unchecked Sendable {
  /// An `SSL_CTX *`, valid as long as this object; sessions hold references of their own.
  let raw: OpaquePointer
  let verification: PeerCheck
  /// When what is presented stops being valid, in nanoseconds since the epoch; `UInt64.max` where
  /// nothing is presented.
  package let notAfter: UInt64

  /// What tells the time, in nanoseconds since the epoch; any thread calls it.
  package typealias WallClock = @Sendable () -> UInt64

  /// For connections that workloads make to us: they must present an SVID.
  package static func inbound(
    svid: X509SVID, bundles: TrustBundles, clock: @escaping WallClock = Instant.wallClock
  ) throws(TLSError) -> TLSContext {
    let check = PeerCheck(trust: .workloads(bundles), role: .client, clock: clock)
    let context = try unsafe TLSContext(
      TLS_server_method(), check, svid.pair, notAfter: svid.notAfter)
    context.selectHTTP1()
    return context
  }

  /// For connections to other workloads, to whom we present our SVID.
  ///
  /// - Parameter protocols: what is offered in ALPN.
  package static func mutual(
    svid: X509SVID, bundles: TrustBundles, protocols: [String] = ["http/1.1"],
    clock: @escaping WallClock = Instant.wallClock
  ) throws(TLSError) -> TLSContext {
    let check = PeerCheck(trust: .workloads(bundles), role: .server, clock: clock)
    let context = try unsafe TLSContext(
      TLS_client_method(), check, svid.pair, notAfter: svid.notAfter)
    try context.offer(protocols)
    return context
  }

  /// For connections to servers of the web's kind: chain and host name are verified.
  ///
  /// - Parameters:
  ///   - certificate: what is presented where the server asks for it.
  ///   - protocols: what is offered in ALPN.
  package static func originating(
    roots: RootStore, certificate: ClientCertificate? = nil, protocols: [String] = ["http/1.1"],
    clock: @escaping WallClock = Instant.wallClock
  ) throws(TLSError) -> TLSContext {
    let check = PeerCheck(trust: .authorities(roots), role: .server, clock: clock)
    let context = try unsafe TLSContext(
      TLS_client_method(), check, certificate?.pair, notAfter: certificate?.notAfter ?? .max)
    try context.offer(protocols)
    return context
  }

  @unsafe private init(
    _ method: OpaquePointer, _ verification: PeerCheck, _ pair: KeyPair?, notAfter: UInt64
  ) throws(TLSError) {
    guard let raw = unsafe SSL_CTX_new(method) else { throw .taken() ?? .unusable }
    unsafe self.raw = raw
    self.verification = verification
    self.notAfter = notAfter
    try setParameters()
    try present(pair)
    setVerification()
  }

  deinit { unsafe SSL_CTX_free(raw) }
}
