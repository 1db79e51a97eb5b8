internal import COpenSSL
internal import Kernel

// What OpenSSL is told when a context is made.
extension TLSContext {
  /// Forward secrecy and authenticated encryption only. AES-128 first: it is the fastest where the
  /// processor has AES, and where a client's has not, its preference for ChaCha20 counts.
  private static let tls12Ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    + "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    + "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
  private static let tls13Ciphers =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
  /// The second where the provider has no X25519, as with FIPS.
  private static let groups = ["X25519:P-256:P-384", "P-256:P-384"]
  /// Bytes of certificates that a peer may send. Ten times what a chain of SVIDs has.
  package static let maximumChainBytes = 32 << 10

  /// Whether this kernel can encrypt itself. Asked once: where it can't, OpenSSL would ask it twice in
  /// every handshake, and from a process with CAP_NET_ADMIN that starts modprobe each time.
  package static let kernelHasTLS =
    (try? SmallFile.read("/proc/sys/net/ipv4/tcp_available_ulp"))?
    .split(whereSeparator: \.isWhitespace).contains("tls") ?? false

  func setParameters() throws(TLSError) {
    // The context is ours alone until `init` ends; texts are terminated for the length of each call.
    unsafe SSL_CTX_set_security_level(raw, ChainVerification.securityLevel)
    unsafe SSL_CTX_set_options(
      raw,
      pl_ssl_no_compression | pl_ssl_no_renegotiation | pl_ssl_no_ticket | pl_ssl_server_preference
        | pl_ssl_prioritize_chacha | (Self.kernelHasTLS ? pl_ssl_enable_ktls : 0))
    unsafe pl_ssl_ctx_set_mode(
      raw,
      Int(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)
        | Int(SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN))
    // After a message that is no data OpenSSL comes back instead of reading on: `receive` counts them.
    unsafe pl_ssl_ctx_clear_mode(raw, Int(SSL_MODE_AUTO_RETRY))
    // One read of the socket for a record, or for several: a tenth of what receiving costs.
    unsafe pl_ssl_ctx_set_read_ahead(raw, 1)
    // No session is resumed: neither from a cache, nor with a ticket.
    unsafe pl_ssl_ctx_set_session_cache_mode(raw, Int(SSL_SESS_CACHE_OFF))
    unsafe pl_ssl_ctx_set_max_cert_list(raw, Self.maximumChainBytes)
    unsafe SSL_CTX_set_default_passwd_cb(raw, noPassword)
    guard unsafe SSL_CTX_set_num_tickets(raw, 0) == 1,
      unsafe pl_ssl_ctx_set_min_version(raw, TLS1_2_VERSION) == 1,
      unsafe pl_ssl_ctx_set_max_version(raw, TLS1_3_VERSION) == 1,
      unsafe SSL_CTX_set_cipher_list(raw, Self.tls12Ciphers) == 1,
      unsafe SSL_CTX_set_ciphersuites(raw, Self.tls13Ciphers) == 1,
      Self.groups.contains(where: { unsafe pl_ssl_ctx_set_groups(raw, $0) == 1 })
    else { throw .taken() ?? .unusable }
    ErrorQueue.clear()
  }

  func present(_ pair: KeyPair?) throws(TLSError) {
    guard let pair else { return }
    // The context takes references of its own to all of them.
    guard unsafe SSL_CTX_use_certificate(raw, pair.leaf.raw) == 1,
      unsafe SSL_CTX_use_PrivateKey(raw, pair.key.raw) == 1,
      pair.intermediates.allSatisfy({
        unsafe pl_ssl_ctx_add_chain_certificate(raw, $0.raw) == 1
      })
    else { throw .taken() ?? .unusable }
  }

  func setVerification() {
    let mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
    unsafe SSL_CTX_set_verify(raw, mode, nil)
    unsafe SSL_CTX_set_cert_verify_callback(raw, TLSSession.verifyPeer, nil)
  }

  /// Lets clients that offer HTTP/1.1 have it, and ignores what others offer: whether the bytes are
  /// what they should be is not TLS's to judge.
  func selectHTTP1() {
    unsafe SSL_CTX_set_alpn_select_cb(
      raw,
      { _, chosen, chosenLength, offered, offeredLength, _ in
        var rest = unsafe UnsafeBufferPointer(start: offered, count: Int(offeredLength))[...]
        // A list of names that each follow their length; OpenSSL has checked that it is one.
        while let length = unsafe rest.first, unsafe Int(length) < rest.count {
          let name = unsafe rest.dropFirst().prefix(Int(length))
          if unsafe name.elementsEqual("http/1.1".utf8) {
            // Points into the offer, which lives until the choice is sent.
            unsafe chosen!.pointee = unsafe UnsafePointer(offered! + name.startIndex)
            unsafe chosenLength!.pointee = length
            return SSL_TLSEXT_ERR_OK
          }
          unsafe rest = rest.dropFirst(1 + Int(length))
        }
        return SSL_TLSEXT_ERR_NOACK
      }, nil)
  }

  func offer(_ protocols: [String]) throws(TLSError) {
    guard !protocols.isEmpty else { return }
    let list = protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
    // Copied by OpenSSL; 0 is success for this one.
    guard unsafe SSL_CTX_set_alpn_protos(raw, list, UInt32(list.count)) == 0 else {
      throw .taken() ?? .unusable
    }
  }
}
