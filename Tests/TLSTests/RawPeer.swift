import COpenSSL
import TLS

/// A peer on bare OpenSSL that checks nothing, presents anything, and can do what sessions of ours
/// don't: older versions, tickets, KeyUpdate, renegotiation.
///
/// Everything it holds is OpenSSL's, made in `init` and freed in `deinit`; tests use it on one thread.
@safe final class RawPeer: RecordEnd {
  let context: OpaquePointer
  let ssl: OpaquePointer
  private let reader: OpaquePointer
  private let writer: OpaquePointer
  /// What ended its handshake: `0` while nothing has.
  private(set) var error: UInt = 0

  enum Side {
    case client
    case server
  }

  /// - Parameter certificate: the path, without its ending, of a chain and its key.
  init(
    _ side: Side, certificate: String? = "good/direct", session: Resumable? = nil
  ) {
    // Before anything else in the process uses OpenSSL.
    _ = KeyMemory.isGuarded
    let method = unsafe side == .client ? TLS_client_method() : TLS_server_method()
    unsafe context = SSL_CTX_new(method)
    unsafe SSL_CTX_set_security_level(context, 0)
    if let certificate {
      let path = "\(Certificates.folder)/\(certificate)"
      unsafe SSL_CTX_use_certificate_chain_file(context, path + ".pem")
      unsafe SSL_CTX_use_PrivateKey_file(context, path + ".key", SSL_FILETYPE_PEM)
    }
    unsafe ssl = SSL_new(context)
    unsafe reader = BIO_new(BIO_s_mem())
    unsafe writer = BIO_new(BIO_s_mem())
    unsafe pl_bio_set_memory_eof(reader, -1)
    unsafe pl_bio_set_memory_eof(writer, -1)
    unsafe SSL_set_bio(ssl, reader, writer)
    if let session { unsafe SSL_set_session(ssl, session.raw) }
    if side == .client {
      unsafe SSL_set_connect_state(ssl)
    } else {
      unsafe SSL_set_accept_state(ssl)
    }
    ERR_clear_error()
  }

  deinit {
    unsafe SSL_free(ssl)
    unsafe SSL_CTX_free(context)
  }

  func advance() -> Bool {
    ERR_clear_error()
    let result = unsafe SSL_do_handshake(ssl)
    if result == 1 { return true }
    switch unsafe SSL_get_error(ssl, result) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return false
    default:
      if error == 0 { error = ERR_peek_error() }
      ERR_clear_error()
      return true
    }
  }

  func take() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: unsafe BIO_ctrl_pending(writer))
    guard !bytes.isEmpty else { return [] }
    _ = unsafe BIO_read(writer, &bytes, Int32(bytes.count))
    return bytes
  }

  func give(_ records: [UInt8]) {
    guard !records.isEmpty else { return }
    _ = unsafe BIO_write(reader, records, Int32(records.count))
  }

  /// Sends bytes in clear.
  func send(_ bytes: [UInt8]) { _ = unsafe SSL_write(ssl, bytes, Int32(bytes.count)) }

  /// Receives what has arrived; handles messages between the bytes.
  func receive() -> [UInt8] {
    var all: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    ERR_clear_error()
    while true {
      let count = unsafe SSL_read(ssl, &chunk, Int32(chunk.count))
      guard count > 0 else {
        if case SSL_ERROR_SSL = unsafe SSL_get_error(ssl, count) { error = ERR_peek_error() }
        ERR_clear_error()
        return all
      }
      all += chunk.prefix(Int(count))
    }
  }

  /// The alert that the peer's peer has ended it with.
  var alert: TLSAlert? {
    let reason = pl_err_reason(error) - SSL_AD_REASON_OFFSET
    return (1..<256).contains(reason) ? TLSAlert(rawValue: UInt8(reason)) : nil
  }

  /// Speaks this version only.
  func limit(to version: Int32) {
    unsafe SSL_ctrl(ssl, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(version), nil)
    unsafe SSL_ctrl(ssl, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(version), nil)
  }
}

/// What a raw client keeps of one connection to resume it in another; owned by this object.
@safe final class Resumable {
  let raw: OpaquePointer

  /// Nil where the server has given nothing to resume.
  init?(of peer: RawPeer) {
    guard let session = unsafe SSL_get1_session(peer.ssl) else { return nil }
    guard unsafe SSL_SESSION_is_resumable(session) == 1 else {
      unsafe SSL_SESSION_free(session)
      return nil
    }
    unsafe raw = session
  }

  deinit { unsafe SSL_SESSION_free(raw) }
}
