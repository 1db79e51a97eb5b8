import Kernel
import TLS

// Bytes in clear, in and out. The way without TLS is the system call and nothing else.
//
// OpenSSL may want the socket to take something before it reads on (it answers a change of keys), or
// to bring something before it writes. Only the flag of what it wants is cleared then: the other's
// edge may have passed already, and the next event of whatever kind has both tried again.
extension Side {
  /// Receives at most `room` bytes behind those in `buffer`, into room that was reserved. A result of
  /// `endOfStream` clears nothing: it can be read again. TLS that ends without close_notify has
  /// failed, for bytes may be missing.
  mutating func receive(into buffer: inout ByteBuffer, atMost room: Int) -> IOResult {
    if let tls { return receive(over: tls, into: &buffer, atMost: room) }
    let result = buffer.receive(from: descriptor, atMost: room)
    switch result {
    case .bytes(let count):
      // A read that took less than there was room for has emptied the socket, unless the peer hung
      // up or sent urgent data: then the end, or what is behind the mark, is still to be read, and
      // no further edge will tell.
      if count < room, !hasHungUp, !hasUrgentData { isReadable = false }
    case .wouldBlock: isReadable = false
    case .endOfStream, .failed: break
    }
    return result
  }

  private mutating func receive(
    over tls: TLSSession, into buffer: inout ByteBuffer, atMost room: Int
  ) -> IOResult {
    switch tls.receive(into: &buffer, atMost: room) {
    case .bytes(let count): return .bytes(count)
    case .wantsRead:
      isReadable = false
      return .wouldBlock
    case .wantsWrite:
      isWritable = false
      return .wouldBlock
    case .endOfStream: return .endOfStream
    case .truncated, .failed: return .failed(.brokenPipe)
    }
  }

  /// Sends from the front of `buffer` and consumes what was taken. After `wouldBlock` the same bytes
  /// must come first the next time.
  mutating func send(_ buffer: inout ByteBuffer) -> IOResult {
    if let tls { return send(&buffer, over: tls) }
    let result = buffer.send(to: descriptor)
    if case .wouldBlock = result { isWritable = false }
    return result
  }

  private mutating func send(_ buffer: inout ByteBuffer, over tls: TLSSession) -> IOResult {
    guard !buffer.isEmpty else { return .bytes(0) }
    switch tls.send(buffer.bytes) {
    case .bytes(let count):
      buffer.consume(count)
      return .bytes(count)
    case .wantsWrite:
      isWritable = false
      return .wouldBlock
    case .wantsRead:
      isReadable = false
      return .wouldBlock
    case .endOfStream, .truncated, .failed: return .failed(.brokenPipe)
    }
  }

  /// Looks at the first byte that waits in the socket, before there is TLS on it.
  mutating func peek(into byte: inout UInt8) -> IOResult {
    let result = descriptor.peek(into: &byte)
    if case .wouldBlock = result { isReadable = false }
    return result
  }

  /// Whether nothing of the peer's is there to read: no byte, no end, no error. With TLS what is no
  /// data (tickets, new keys) is read on the way.
  ///
  /// - Parameter scratch: overwritten.
  mutating func hasNothingToRead(using scratch: inout ByteBuffer) -> Bool {
    guard isReadable else { return true }
    guard isTLS else {
      guard descriptor.hasNothingToRead() else { return false }
      isReadable = false
      return true
    }
    scratch.clear()
    scratch.reserve(1)
    // What comes is lost, for the connection is not used again.
    return receive(into: &scratch, atMost: 1) == .wouldBlock && !isReadable
  }
}
