import Kernel

// How much of their bytes connections may leave in this process's memory. The kernel's buffers hold
// back what isn't read; what was read and can't be judged or sent yet is ours to bound, for there may
// be thousands of connections whose other side is slow.
extension Worker {
  /// Bytes a read asks for.
  static let readSize = 64 * 1024
  /// The same once memory is short: all that a connection can then add in one direction.
  private static let readSizeUnderPressure = 2 * 1024
  /// Bytes of a head or hello that may still be kept incomplete once memory is short.
  private static let keptUnderPressure = 4 * 1024

  /// All buffers together own more than they should.
  var isShortOfMemory: Bool { ByteBuffer.allocatedBytes > settings.limits.bufferBytes }

  /// Bytes that a read may ask for now, where what it brings may have to be kept.
  var readRoom: Int { isShortOfMemory ? Self.readSizeUnderPressure : Self.readSize }

  /// Whether the first `count` bytes of a head or hello may be kept until the rest has come.
  func mayKeep(_ count: Int) -> Bool { count <= Self.keptUnderPressure || !isShortOfMemory }
}
