import Kernel

/// Small buffers that connections borrow while a request is under way, so that requests allocate
/// nothing and connections that wait own nothing. Used by one worker's thread.
struct BufferPool: ~Copyable {
  /// Largest buffer that is kept: a request head of everyday length fits, and a ClientHello with a
  /// key share that resists quantum computers.
  static let keptCapacity = 2048
  /// Buffers that are kept for the next.
  private static let limit = 64

  private var idle = InlineArray<64, ByteBuffer> { _ in ByteBuffer() }
  private var count = 0

  /// Gives `buffer` memory to begin with where it has none and there is some.
  mutating func lend(to buffer: inout ByteBuffer) {
    guard buffer.capacity == 0, count > 0 else { return }
    count -= 1
    swap(&buffer, &idle[count])
  }

  /// Takes the memory of `buffer`, whose bytes are no longer needed.
  mutating func takeBack(_ buffer: inout ByteBuffer) {
    guard 1...Self.keptCapacity ~= buffer.capacity, count < Self.limit else {
      return buffer.release()
    }
    buffer.clear()
    swap(&buffer, &idle[count])
    count += 1
  }
}
