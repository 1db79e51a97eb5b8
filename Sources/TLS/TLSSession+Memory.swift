package import Addressing
internal import COpenSSL
package import Kernel

// Sessions without a socket: somebody else carries the records. For SwiftNIO, and for tests.
extension TLSSession {
  /// Either side of a connection.
  package enum Side: Sendable {
    case accepting(admitting: @Sendable (SPIFFEID) -> Bool)
    case connecting(expecting: PeerExpectation)
  }

  /// A session that reads the records that `feed` brings and makes those that `drain` takes.
  package convenience init(inMemory context: TLSContext, _ side: Side) throws(TLSError) {
    switch side {
    case .accepting(let admitting):
      try self.init(context, .admitted(admitting), isServer: true)
    case .connecting(let expectation):
      try self.init(context, expectation, isServer: false)
    }
    guard let reader = unsafe BIO_new(BIO_s_mem()), let writer = unsafe BIO_new(BIO_s_mem()) else {
      throw .taken() ?? .unusable
    }
    // Empty means "not yet", until `feedEnd` says that no more comes. The session owns both.
    unsafe pl_bio_set_memory_eof(reader, -1)
    unsafe pl_bio_set_memory_eof(writer, -1)
    unsafe SSL_set_bio(raw, reader, writer)
    becomeCallbackArgument()
  }

  /// Brings records that arrived from the peer. Only for sessions in memory.
  package func feed(_ records: Span<UInt8>) {
    guard records.count > 0 else { return }
    // A memory BIO copies all of it.
    let written = unsafe records.withUnsafeBufferPointer {
      unsafe BIO_write(SSL_get_rbio(raw), $0.baseAddress, Int32($0.count))
    }
    precondition(written == records.count, "a memory BIO takes everything")
  }

  /// Says that the connection ended: no more records come. Only for sessions in memory.
  package func feedEnd() { unsafe pl_bio_set_memory_eof(SSL_get_rbio(raw), 0) }

  /// Takes all records that are to be sent to the peer. Only for sessions in memory.
  package func drain(into buffer: inout ByteBuffer) {
    guard let writer = unsafe SSL_get_wbio(raw) else { return }
    while true {
      let count = unsafe BIO_ctrl_pending(writer)
      guard count > 0 else { return }
      buffer.append(atMost: count) { output in
        // The BIO copies at most `count` bytes into memory that is there for them.
        unsafe output.withUnsafeMutableBufferPointer { memory, written in
          written = max(0, Int(unsafe BIO_read(writer, memory.baseAddress, Int32(count))))
        }
      }
    }
  }
}
