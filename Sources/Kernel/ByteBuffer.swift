internal import CLinux
internal import Glibc
internal import Synchronization

/// Bytes on their way from one descriptor to another: heap memory with one owner, read from its
/// front, written at its back. Empty buffers own no memory.
///
/// Memory below `count` behind `front` is always initialised; every pointer stays within
/// `capacity`, which the checks of each method keep up.
///
/// Sendable: the memory has this one owner and nothing else points into it.
@safe package struct ByteBuffer: ~Copyable, @unchecked Sendable {
  private var base: UnsafeMutableRawPointer?
  private var size: UInt32 = 0
  private var front: UInt32 = 0
  private var back: UInt32 = 0

  /// Largest buffer; beyond it appending is a bug, for every caller has a limit of its own.
  package static let maximumCapacity = 1 << 30

  package init() { unsafe base = nil }

  /// - Parameter capacity: bytes that fit without growing.
  package init(capacity: Int) {
    unsafe base = nil
    grow(to: capacity)
  }

  deinit {
    Self.allocated.subtract(Int(size), ordering: .relaxed)
    unsafe free(base)
  }

  /// Bytes of memory that all buffers of the process own, of whatever thread.
  package static var allocatedBytes: Int { allocated.load(ordering: .relaxed) }

  private static let allocated = Atomic<Int>(0)

  package var capacity: Int { Int(size) }
  package var count: Int { Int(back - front) }
  package var isEmpty: Bool { back == front }

  /// The bytes that were written and not consumed yet.
  package var bytes: Span<UInt8> {
    @_lifetime(borrow self) borrowing get {
      guard let base = unsafe base else { return Span() }
      let start = unsafe base.advanced(by: Int(front)).assumingMemoryBound(to: UInt8.self)
      let span = unsafe Span(_unsafeStart: start, count: Int(back - front))
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Makes room for `count` more bytes behind those that are there.
  package mutating func reserve(_ count: Int) {
    if Int(size) - Int(back) >= count { return }
    if front > 0 {
      // base is set: front only moves in a buffer that holds memory.
      unsafe memmove(base!, base! + Int(front), Int(back - front))
      back -= front
      front = 0
      if Int(size) - Int(back) >= count { return }
    }
    // By a quarter: bytes that come one by one cost little, and little is owned in vain.
    grow(to: max(Int(back) + count, Int(size) + Int(size) / 4))
  }

  package mutating func append(_ bytes: Span<UInt8>) {
    guard bytes.count > 0 else { return }
    reserve(bytes.count)
    unsafe bytes.withUnsafeBufferPointer { source in
      _ = unsafe memcpy(base! + Int(back), source.baseAddress!, source.count)
    }
    back += UInt32(bytes.count)
  }

  package mutating func append(_ text: StaticString) {
    reserve(text.utf8CodeUnitCount)
    unsafe memcpy(base! + Int(back), text.utf8Start, text.utf8CodeUnitCount)
    back += UInt32(text.utf8CodeUnitCount)
  }

  /// Appends what `body` writes, at most `limit` bytes.
  package mutating func append(atMost limit: Int, _ body: (inout OutputSpan<UInt8>) -> Void) {
    reserve(limit)
    let start = unsafe (base! + Int(back)).assumingMemoryBound(to: UInt8.self)
    let room = unsafe UnsafeMutableBufferPointer(start: start, count: limit)
    var output = unsafe OutputSpan(buffer: room, initializedCount: 0)
    body(&output)
    back += UInt32(unsafe output.finalize(for: room))
  }

  /// Drops `count` bytes from the front; at most `self.count`.
  package mutating func consume(_ count: Int) {
    precondition(count <= self.count, "consumed more than there is")
    front += UInt32(count)
    if front == back {
      front = 0
      back = 0
    }
  }

  /// Drops bytes from the back until `count` are left.
  package mutating func truncate(to count: Int) {
    precondition(count <= self.count, "truncated to more than there is")
    back = front + UInt32(count)
  }

  /// Drops all bytes and keeps the memory.
  package mutating func clear() {
    front = 0
    back = 0
  }

  /// Drops all bytes and gives the memory back.
  package mutating func release() {
    guard size > 0 else { return }
    Self.allocated.subtract(Int(size), ordering: .relaxed)
    unsafe free(base)
    unsafe base = nil
    size = 0
    front = 0
    back = 0
  }

  private mutating func grow(to capacity: Int) {
    precondition(capacity <= Self.maximumCapacity, "a buffer outgrew its limit")
    let capacity = max(capacity, 1)
    guard let moved = unsafe realloc(base, capacity) else { fatalError("out of memory") }
    Self.allocated.add(capacity - Int(size), ordering: .relaxed)
    unsafe base = moved
    size = UInt32(capacity)
  }
}

extension ByteBuffer {
  /// Receives at most `limit` bytes behind those that are there, into room that `reserve` made.
  package mutating func receive(from descriptor: borrowing Descriptor, atMost limit: Int)
    -> IOResult
  {
    let room = min(limit, Int(size) - Int(back))
    precondition(room > 0, "received without room")
    let number = descriptor.number
    let start = unsafe base! + Int(back)
    let result = transfer { unsafe pl_receive(number, start, room) }
    if case .bytes(let count) = result { back += UInt32(count) }
    return result
  }

  /// Sends from the front and consumes what the kernel took.
  ///
  /// - Parameter more: true where other bytes follow at once (MSG_MORE).
  package mutating func send(to descriptor: borrowing Descriptor, more: Bool = false) -> IOResult {
    guard !isEmpty else { return .bytes(0) }
    let number = descriptor.number
    let start = unsafe base! + Int(front)
    let length = count
    let result = transfer { unsafe pl_send(number, start, length, more ? 1 : 0) }
    if case .bytes(let count) = result { consume(count) }
    return result
  }
}

extension Descriptor {
  /// Sends `bytes` and says how many the kernel took.
  package borrowing func send(_ bytes: Span<UInt8>) -> IOResult {
    guard bytes.count > 0 else { return .bytes(0) }
    let number = self.number
    return unsafe bytes.withUnsafeBufferPointer { buffer in
      let start = buffer.baseAddress!
      let length = buffer.count
      return transfer { unsafe pl_send(number, start, length, 0) }
    }
  }

  /// Writes to any descriptor, for example to standard output; blocks where it does.
  package borrowing func write(_ bytes: Span<UInt8>) -> IOResult {
    guard bytes.count > 0 else { return .bytes(0) }
    let number = self.number
    return unsafe bytes.withUnsafeBufferPointer { buffer in
      let start = buffer.baseAddress!
      let length = buffer.count
      return transfer { unsafe pl_write(number, start, length) }
    }
  }

  /// Waits until a write would find room, or for `milliseconds`.
  package borrowing func waitWritable(milliseconds: Int32) {
    // EINTR returns early, which the caller's loop allows.
    _ = pl_wait_writable(number, milliseconds)
  }
}
