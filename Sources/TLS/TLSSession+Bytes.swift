internal import COpenSSL
package import Kernel

/// What one read or write through TLS came to.
package enum TLSIOResult: Sendable, Hashable {
  case bytes(Int)
  /// Call again when the socket is readable; for `send` too.
  case wantsRead
  /// Call again when the socket is writable; for `receive` too.
  case wantsWrite
  /// The peer has said that it sends no more (close_notify).
  case endOfStream
  /// The connection ended without that: bytes may be missing.
  case truncated
  case failed(TLSError)
}

extension TLSSession {
  /// Receives at most `limit` bytes in clear behind those in `buffer`. A result of some bytes says
  /// nothing about whether more are there: call until it wants something, or until `isDrained` where
  /// the socket has not announced its end.
  package func receive(into buffer: inout ByteBuffer, atMost limit: Int) -> TLSIOResult {
    isDrained = false
    if let failure { return result(of: failure) }
    guard limit > 0 else { return .bytes(0) }
    ErrorQueue.clear()
    var total = 0
    var code = SSL_ERROR_NONE
    buffer.append(atMost: limit) { output in
      // OpenSSL writes at most the count that it is given, into memory that is there for it.
      unsafe output.withUnsafeMutableBufferPointer { memory, count in
        code = unsafe read(into: memory.baseAddress!, limit, &total)
        count = total
      }
    }
    if total > 0 {
      // The failure, if there was one, is met again by the next call; what it left is not.
      ErrorQueue.clear()
      return .bytes(total)
    }
    return outcome(of: code)
  }

  /// Reads records until `limit` bytes are there or nothing is left, and says what ended it.
  private func read(into start: UnsafeMutablePointer<UInt8>, _ limit: Int, _ total: inout Int)
    -> Int32
  {
    var messages = 0
    while total < limit {
      var count = 0
      let status = unsafe SSL_read_ex(raw, start + total, limit - total, &count)
      if status == 1 {
        total += count
        guard lastRead == .short, !hasBuffered else { continue }
        isDrained = true
        return SSL_ERROR_NONE
      }
      let code = unsafe SSL_get_error(raw, status)
      guard code == SSL_ERROR_WANT_READ, lastRead != .blocked else {
        isDrained = code == SSL_ERROR_WANT_READ
        return code
      }
      // A message that is no data: KeyUpdate, a ticket, a request to renegotiate.
      messages += 1
      if messages > Self.maximumMessages { return total > 0 ? SSL_ERROR_NONE : Self.flooded }
    }
    return SSL_ERROR_NONE
  }

  /// Messages that are no data that are read in one call without any data between them; a server's
  /// tickets are four at most. A peer that sends more keeps us busy for nothing.
  private static let maximumMessages = 32
  /// Not one of OpenSSL's.
  private static let flooded: Int32 = -1

  /// Sends from the front of `bytes` and says how many were taken. After `wantsRead` or `wantsWrite`
  /// the next call must begin with the same bytes, wherever they lie then, and no fewer of them.
  package func send(_ bytes: Span<UInt8>) -> TLSIOResult {
    if let failure { return result(of: failure) }
    guard bytes.count > 0 else { return .bytes(0) }
    ErrorQueue.clear()
    var sent = 0
    // OpenSSL reads within the span, during the call only.
    let status = unsafe bytes.withUnsafeBufferPointer {
      unsafe SSL_write_ex(raw, $0.baseAddress, $0.count, &sent)
    }
    return status == 1 ? .bytes(sent) : outcome(status)
  }

  /// Says to the peer that no more is sent (close_notify); its bytes can still be received.
  ///
  /// - Returns: `.bytes(0)` once that is with the kernel, or what must be waited for.
  package func shutdownWrite() -> TLSIOResult {
    if let failure { return result(of: failure) }
    if unsafe SSL_get_shutdown(raw) & SSL_SENT_SHUTDOWN != 0, !hasUnsentShutdown {
      return .bytes(0)
    }
    ErrorQueue.clear()
    // 0: sent, and the peer has not sent its own, which nobody waits for here.
    let status = unsafe SSL_shutdown(raw)
    hasUnsentShutdown = status < 0
    return status < 0 ? outcome(status) : .bytes(0)
  }

  /// Whether bytes in clear, or a part of a record, lie here that the socket won't announce.
  package var hasBuffered: Bool { unsafe SSL_has_pending(raw) == 1 }

  private func outcome(_ status: Int32) -> TLSIOResult {
    outcome(of: unsafe SSL_get_error(raw, status))
  }

  /// - Parameter code: what SSL_get_error said, or `flooded`.
  private func outcome(of code: Int32) -> TLSIOResult {
    switch code {
    case SSL_ERROR_NONE: return .bytes(0)
    case SSL_ERROR_WANT_READ: return .wantsRead
    case SSL_ERROR_WANT_WRITE: return .wantsWrite
    case SSL_ERROR_ZERO_RETURN: return .endOfStream
    case Self.flooded: return result(of: end(with: .flooded))
    default: return result(of: fail(code))
    }
  }

  private func result(of failure: TLSError) -> TLSIOResult {
    failure == .truncated ? .truncated : .failed(failure)
  }
}
