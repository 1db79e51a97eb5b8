internal import CLinux
internal import Glibc

/// Bytes that may hold a private key or a password, overwritten when nobody needs them any more.
/// Nothing that describes them tells what they are.
///
/// Used by one thread at a time.
@safe package final class SecretBytes {
  package private(set) var count = 0
  /// How many there is room for, for good: no copy of a part of them stays behind.
  package let capacity: Int
  /// `capacity` bytes, at least one, owned; the first `count` of them are initialised.
  private let memory: UnsafeMutablePointer<UInt8>

  /// Empty.
  package init(capacity: Int) {
    self.capacity = capacity
    unsafe memory = .allocate(capacity: max(capacity, 1))
  }

  deinit {
    // Unlike memset this is no call that the compiler could leave out.
    unsafe explicit_bzero(memory, capacity)
    unsafe memory.deallocate()
  }

  package var isFull: Bool { count == capacity }
  /// How many more there is room for.
  package var room: Int { capacity - count }

  /// - Precondition: there is room.
  package func append(_ bytes: some Collection<UInt8>) {
    precondition(bytes.count <= room)
    // There is room, and nothing in it was initialised before.
    let target = unsafe UnsafeMutableBufferPointer(start: memory + count, count: room)
    count += unsafe target.initialize(fromContentsOf: bytes)
  }

  /// Reads from a descriptor as much as there is room for.
  ///
  /// - Returns: how many bytes came; 0 at the end, or where there is no room.
  func append(from descriptor: borrowing Descriptor) throws(Errno) -> Int {
    let number = descriptor.number
    // There are `room` bytes behind the first `count`.
    let read = try systemCall { unsafe pl_read(number, memory + count, room) }
    count += Int(read)
    return Int(read)
  }

  /// The bytes as they stand; the span is only valid within `body`.
  package func withSpan<Result, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // The memory lives as long as this object, which the call keeps.
    let span = unsafe Span(_unsafeStart: memory, count: count)
    return try body(span)
  }

  /// A copy of some of them for a reader that takes an array; overwritten once `body` is done, unless
  /// that kept it.
  ///
  /// - Precondition: `range` lies within them.
  package func withArray<Result, Failure: Error>(
    _ range: Range<Int>, _ body: ([UInt8]) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var copy = self.copy(range)
    defer { copy.wipe() }
    return try body(copy)
  }

  /// Of what is no secret.
  ///
  /// - Precondition: `range` lies within them.
  package func copy(_ range: Range<Int>) -> [UInt8] {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    return unsafe [UInt8](
      UnsafeBufferPointer(start: memory + range.lowerBound, count: range.count))
  }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible {
  package var description: String { "\(count) bytes that are secret" }
  package var debugDescription: String { description }
}

extension [UInt8] {
  /// Overwrites them in place. Where somebody else still holds the array too, that copy is left.
  package mutating func wipe() {
    unsafe withUnsafeMutableBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      // The array's own memory, in its whole length.
      unsafe explicit_bzero(start, bytes.count)
    }
  }
}
