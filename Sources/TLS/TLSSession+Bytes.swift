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
  /// nothing about whether more are there: call until it wants something.
  package func receive(into buffer: inout ByteBuffer, atMost limit: Int) -> TLSIOResult {
    if let failure { return result(of: failure) }
    guard limit > 0 else { return .bytes(0) }
    ErrorQueue.clear()
    var total = 0
    var status: Int32 = 1
    buffer.append(atMost: limit) { output in
      // OpenSSL writes at most the count that it is given, into memory that is there for it.
      unsafe output.withUnsafeMutableBufferPointer { memory, count in
        while total < limit {
          var received = 0
          let start = unsafe memory.baseAddress! + total
          status = unsafe SSL_read_ex(raw, start, limit - total, &received)
          guard status == 1 else { break }
          total += received
        }
        count = total
      }
    }
    if total > 0 {
      // The failure, if there was one, is met again by the next call; what it left is not.
      ErrorQueue.clear()
      return .bytes(total)
    }
    return outcome(status)
  }

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
    switch unsafe SSL_get_error(raw, status) {
    case SSL_ERROR_WANT_READ: return .wantsRead
    case SSL_ERROR_WANT_WRITE: return .wantsWrite
    case SSL_ERROR_ZERO_RETURN: return .endOfStream
    case let code: return result(of: fail(code))
    }
  }

  private func result(of failure: TLSError) -> TLSIOResult {
    failure == .truncated ? .truncated : .failed(failure)
  }
}
