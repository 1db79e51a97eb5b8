package import Addressing
internal import COpenSSL
package import Kernel

/// The TLS of one connection: bytes in clear on this side, records on the other. Never waits.
///
/// One owner, one thread at a time. It doesn't own the descriptor, which must stay open as long as
/// any method is called; letting go of the session sends nothing. The process ignores SIGPIPE, since
/// OpenSSL writes to sockets with write(2).
@safe package final class TLSSession {
  /// An `SSL *`, freed with this object.
  let raw: OpaquePointer
  package let context: TLSContext
  /// What is needed until the peer is known.
  private var pending: PeerExpectation?
  /// Who the peer has proved to be; nil until the handshake is done.
  package private(set) var peer: PeerIdentity?
  /// What verification came to, for `handshake` to report.
  private var refusal: PeerError?
  /// Why the session is over; nil while it isn't.
  package private(set) var failure: TLSError?
  /// What the last read of the socket came to.
  var lastRead = SocketRead.full
  /// True where the last `receive` has left nothing in the socket that was there when it read: the
  /// next bytes, or the end, come with another event. It saves a read that finds nothing.
  package internal(set) var isDrained = false
  /// Whether close_notify was made and the socket had no room for it.
  var hasUnsentShutdown = false

  /// The server's side, on a connected socket that doesn't block.
  ///
  /// - Parameter admitting: asked about a client that has proved who it is; where it says no, the
  ///   handshake fails with `PeerError.notAdmitted` and the alert `certificate_unknown`.
  package convenience init(
    _ context: TLSContext, accepting socket: borrowing Descriptor,
    admitting: @escaping @Sendable (SPIFFEID) -> Bool = { _ in true }
  ) throws(TLSError) {
    try self.init(context, .admitted(admitting), isServer: true)
    try attach(socket)
  }

  /// The client's side, on a connected socket that doesn't block.
  package convenience init(
    _ context: TLSContext, connecting socket: borrowing Descriptor, expecting: PeerExpectation
  ) throws(TLSError) {
    try self.init(context, expecting, isServer: false)
    try attach(socket)
  }

  init(
    _ context: TLSContext, _ expectation: PeerExpectation, isServer: Bool
  ) throws(TLSError) {
    ErrorQueue.clear()
    guard let raw = unsafe SSL_new(context.raw) else { throw .taken() ?? .unusable }
    unsafe self.raw = raw
    self.context = context
    pending = expectation
    if isServer {
      unsafe SSL_set_accept_state(raw)
    } else {
      unsafe SSL_set_connect_state(raw)
    }
    guard setServerName(expectation) else { throw .taken() ?? .unusable }
  }

  deinit { unsafe SSL_free(raw) }

  private func attach(_ socket: borrowing Descriptor) throws(TLSError) {
    guard unsafe SSL_set_fd(raw, socket.borrowedNumber) == 1 else { throw .taken() ?? .unusable }
    becomeCallbackArgument()
  }

  /// Lets `verifyPeer` and `noteRead` find this session: OpenSSL's reader carries it as the argument
  /// of its callback, where application data of an `SSL` would cost an allocation.
  func becomeCallbackArgument() {
    // Not retained: callbacks run within calls on this object only, but for the one at the end, which
    // doesn't look at it.
    let argument = unsafe Unmanaged.passUnretained(self).toOpaque()
    let reader = unsafe SSL_get_rbio(raw)
    unsafe BIO_set_callback_arg(reader, argument.assumingMemoryBound(to: CChar.self))
    unsafe BIO_set_callback_ex(reader, Self.noteRead)
  }

  private func setServerName(_ expectation: PeerExpectation) -> Bool {
    switch expectation {
    case .hostName(let name), .spiffeID(_, let name?):
      return unsafe pl_ssl_set_server_name(raw, name.description) == 1
    case .address, .spiffeID, .admitted: return true
    }
  }
}

// The handshake.
extension TLSSession {
  /// How far the handshake has come.
  package enum Progress: Sendable, Hashable {
    case done
    /// Call again when the socket is readable.
    case wantsRead
    /// Call again when the socket is writable.
    case wantsWrite
    /// It is over. Where TLS has an alert for it, it has been sent as far as the socket took it.
    case failed(TLSError)
  }

  /// Goes on with the handshake as far as the socket allows; may be called again when it is done.
  package func handshake() -> Progress {
    if let failure { return .failed(failure) }
    ErrorQueue.clear()
    let result = unsafe SSL_do_handshake(raw)
    if result == 1 {
      pending = nil
      return .done
    }
    switch unsafe SSL_get_error(raw, result) {
    case SSL_ERROR_WANT_READ: return .wantsRead
    case SSL_ERROR_WANT_WRITE: return .wantsWrite
    case let code: return .failed(fail(code))
    }
  }

  /// Whether the handshake is done and the session alive.
  package var isEstablished: Bool { pending == nil && failure == nil }

  /// Notes why the session is over. `code` is what SSL_get_error said.
  func fail(_ code: Int32) -> TLSError {
    let error: TLSError
    if let refusal {
      _ = ErrorQueue.take()
      error = .peer(refusal)
    } else if let taken = TLSError.taken() {
      error = taken
    } else if code == SSL_ERROR_SYSCALL, let errno = Errno.last {
      error = .system(errno)
    } else {
      error = code == SSL_ERROR_ZERO_RETURN || code == SSL_ERROR_SYSCALL ? .truncated : .unusable
    }
    return end(with: error)
  }

  func end(with error: TLSError) -> TLSError {
    failure = error
    pending = nil
    return error
  }

  /// Called by OpenSSL, in the middle of `handshake`, with what the peer has presented.
  static let verifyPeer: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = {
    store, _ in
    // OpenSSL put the session's SSL there, whose reader carries the session; all of them are in the
    // middle of a method of that session, which therefore lives.
    let ssl = unsafe OpaquePointer(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx())!)
    let argument = unsafe BIO_get_callback_arg(SSL_get_rbio(ssl))!
    let session = unsafe Unmanaged<TLSSession>.fromOpaque(argument).takeUnretainedValue()
    let error = unsafe session.verify(
      leaf: X509_STORE_CTX_get0_cert(store), others: X509_STORE_CTX_get0_untrusted(store))
    unsafe X509_STORE_CTX_set_error(store, error?.verifyError ?? X509_V_OK)
    return error == nil ? 1 : 0
  }

  private func verify(leaf: OpaquePointer?, others: OpaquePointer?) -> PeerError? {
    do throws(PeerError) {
      guard let leaf = unsafe leaf, let pending else { throw .noCertificate }
      peer = try unsafe context.verification.verify(leaf: leaf, others: others, pending)
    } catch {
      refusal = error
    }
    ErrorQueue.clear()
    return refusal
  }
}
