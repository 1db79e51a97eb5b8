import Kernel
import Telemetry
import Testing

@testable import DataPlane

@Suite("The pool of small buffers")
struct BufferPoolTests {
  /// A pool that has a buffer of so many bytes, which held something.
  private static func pool(with capacity: Int) -> BufferPool {
    var pool = BufferPool()
    var buffer = ByteBuffer(capacity: capacity)
    buffer.append("another connection's")
    pool.takeBack(&buffer)
    return pool
  }

  @Test("What is lent is empty, whatever it held before")
  func lent() {
    var pool = Self.pool(with: 100)
    var buffer = ByteBuffer()
    pool.lend(to: &buffer)
    #expect(buffer.capacity == 100)
    #expect(buffer.count == 0)
    var next = ByteBuffer()
    pool.lend(to: &next)
    #expect(next.capacity == 0)
  }

  @Test("A buffer that has memory keeps it, and its bytes")
  func kept() {
    var pool = Self.pool(with: 100)
    var buffer = ByteBuffer(capacity: 5)
    buffer.append("bytes")
    pool.lend(to: &buffer)
    #expect(buffer.capacity == 5)
    #expect(buffer.count == 5)
  }

  @Test("What is large is given back to the allocator, and what is more than 64")
  func bounded() {
    var pool = Self.pool(with: BufferPool.keptCapacity + 1)
    for _ in 0..<70 {
      var buffer = ByteBuffer(capacity: 8)
      pool.takeBack(&buffer)
      #expect(buffer.capacity == 0)
    }
    var lent = 0
    for _ in 0..<70 {
      var buffer = ByteBuffer()
      pool.lend(to: &buffer)
      #expect(buffer.capacity <= 8)
      lent += buffer.capacity / 8
    }
    #expect(lent == 64)
  }

  @Test("A record that is trimmed has the same texts in the memory that they need, and no more")
  func trimmed() {
    var pool = Self.pool(with: 1000)
    var record = OpenRecord(
      id: AuditID(rawValue: 1), startedAt: Instant(nanoseconds: 0), wallClock: 0)
    record.noteTexts(host: "a.example".utf8.span, path: "/path".utf8.span, memory: &pool)
    #expect(record.capacity == 1000)
    record.trim(returningMemoryTo: &pool)
    #expect(record.capacity == 14)
    let texts = [record.host.count, record.method.count, record.path.count]
    #expect(texts == [9, 0, 5])
    let (first, last) = (record.host[0], record.path[4])
    #expect(first == UInt8(ascii: "a"))
    #expect(last == UInt8(ascii: "h"))
    var buffer = ByteBuffer()
    pool.lend(to: &buffer)
    #expect(buffer.capacity == 1000)
    #expect(buffer.count == 0)
  }
}
