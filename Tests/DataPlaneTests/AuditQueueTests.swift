import Addressing
import Kernel
import Testing

@testable import DataPlane

@Suite("Audit lines on their way to the sink")
struct AuditQueueTests {
  private let line = Array("{\"one\":\"record\"}\n".utf8)

  @Test(
    "What was handed over is written before the writer ends, however soon it is asked to",
    arguments: 0..<20)
  func finishing(lines: Int) throws {
    let sink = try Sink()
    let writer = try AuditWriter(workers: 1) { _ in }
    try writer.start(writingTo: sink.accepted())
    for _ in 0..<lines {
      #expect(writer.queues[0].takes(line))
      writer.noteLines()
    }
    #expect(writer.finish(milliseconds: 10_000))
    #expect(sink.read(until: lines * line.count) == lines * line.count)
  }

  @Test("Every line wakes a writer that has gone to sleep")
  func waking() throws {
    let sink = try Sink()
    let writer = try AuditWriter(workers: 2) { _ in }
    try writer.start(writingTo: sink.accepted())
    for number in 0..<200 {
      #expect(writer.queues[number % 2].takes(line))
      writer.noteLines()
      try #require(sink.read(until: line.count) == line.count)
    }
    #expect(writer.finish(milliseconds: 10_000))
  }

  @Test("A full queue takes no more until the writer has emptied it")
  func full() throws {
    let sink = try Sink()
    let writer = try AuditWriter(workers: 1) { _ in }
    var batch: [UInt8] = []
    while batch.count < AuditQueue.capacity { batch += line }
    #expect(writer.queues[0].takes(batch))
    #expect(!writer.queues[0].takes(line))
    try writer.start(writingTo: sink.accepted())
    #expect(sink.read(until: batch.count) == batch.count)
    writer.queues[0].waitForRoom(milliseconds: 10_000)
    #expect(writer.queues[0].takes(line))
    #expect(writer.finish(milliseconds: 10_000))
    #expect(sink.read(until: line.count) == line.count)
  }
}

/// The far end of what the writer writes to.
private struct Sink: ~Copyable {
  private let entrance: Descriptor
  private let far: Descriptor

  init() throws {
    let entrance = try Descriptor.listening(
      on: Endpoint(address: Loop.loopback, port: 0), sharing: false)
    far = try Descriptor.connecting(to: entrance.localEndpoint())
    self.entrance = entrance
  }

  func accepted() throws -> Descriptor {
    guard case .connection(let near, _) = entrance.accept() else { throw Loop.Unexpected() }
    return near
  }

  /// Reads `count` bytes, or what comes of them within 10 s.
  func read(until count: Int) -> Int {
    let deadline = Instant.now() + 10 * DataPlaneSettings.Limits.second
    var bytes = ByteBuffer()
    while bytes.count < count, Instant.now() < deadline {
      bytes.reserve(65536)
      _ = bytes.receive(from: far, atMost: min(65536, count - bytes.count))
    }
    return bytes.count
  }
}

extension AuditQueue {
  fileprivate func takes(_ lines: [UInt8]) -> Bool { offer(lines.span) }
}
