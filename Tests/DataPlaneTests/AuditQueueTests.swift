import Addressing
import Foundation
import Kernel
import Policy
import Synchronization
import Telemetry
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
    try writer.start(
      writingTo: AuditSink(target: .standardOutput, descriptor: sink.accepted()))
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
    try writer.start(
      writingTo: AuditSink(target: .standardOutput, descriptor: sink.accepted()))
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
    try writer.start(
      writingTo: AuditSink(target: .standardOutput, descriptor: sink.accepted()))
    #expect(sink.read(until: batch.count) == batch.count)
    writer.queues[0].waitForRoom(milliseconds: 10_000)
    #expect(writer.queues[0].takes(line))
    #expect(writer.finish(milliseconds: 10_000))
    #expect(sink.read(until: line.count) == line.count)
  }

  @Test("A file that was renamed gets no line after the one that it is left with")
  func reopening() throws {
    let place = Place()
    let path = place.path("audit.log")
    let writer = try AuditWriter(workers: 1) { _ in }
    try writer.start(writingTo: AuditSink.open(.file(path: path)))
    #expect(writer.queues[0].takes(line))
    writer.noteLines()
    wait(for: "the first line") { text(path).utf8.count == line.count }
    try FileManager.default.moveItem(atPath: path, toPath: place.path("audit.log.1"))
    // It sleeps by now, or is about to.
    writer.reopen()
    wait(for: "the new file") { FileManager.default.fileExists(atPath: path) }
    #expect(writer.queues[0].takes(line + line))
    writer.noteLines()
    #expect(writer.finish(milliseconds: 10_000))
    #expect(text(path).utf8.count == 2 * line.count)
    #expect(text(place.path("audit.log.1")).utf8.count == line.count)
  }

  @Test("A sink that fails is reported once, and the lines stay")
  func failing() throws {
    let events = Events()
    let writer = try AuditWriter(workers: 1) { events.note($0) }
    // Every write says that the disk is full.
    try writer.start(
      writingTo: AuditSink(
        target: .standardOutput, descriptor: Descriptor.appending(to: "/dev/full")))
    #expect(writer.queues[0].takes(line))
    writer.noteLines()
    #expect(!writer.finish(milliseconds: 500))
    #expect(events.all == ["failed: No space left on device"])
  }

  @Test("Each dropped record is in exactly one report")
  func reportingDrops() throws {
    let events = Events()
    let sink = try Sink()
    let writer = try AuditWriter(workers: 2) { events.note($0) }
    try writer.start(
      writingTo: AuditSink(target: .standardOutput, descriptor: sink.accepted()))
    for count in 1...100 {
      writer.noteDropped(count)
      #expect(writer.queues[count % 2].takes(line))
      writer.noteLines()
    }
    #expect(writer.finish(milliseconds: 10_000))
    let reported = events.all.compactMap { Int($0.dropFirst("dropped: ".count)) }
    #expect(reported.reduce(0, +) == 5050)
    #expect(reported.count == events.all.count)
  }

  @Test("A worker drops whole records where it was told to, counts them, and goes on")
  func dropping() throws {
    var loop = try Loop(policy: .denyingAll) { $0.dropsAuditWhenFull = true }
    loop.stallSink()
    for _ in 0..<3 {
      var client = try loop.connect(to: nil)
      loop.run {
        client.read()
        return client.wasReset
      }
    }
    #expect(loop.worker.counters.auditRecords.value == 3)
    #expect(loop.worker.counters.auditDropped.value == 3)
    #expect(loop.worker.counters.auditStalls.value == 0)
    // The sink goes on.
    #expect(try loop.records().allSatisfy { $0.isEmpty })
    var client = try loop.connect(to: nil)
    loop.run {
      client.read()
      return client.wasReset
    }
    #expect(try loop.records().count == 1)
    #expect(loop.worker.counters.auditDropped.value == 3)
  }

  @Test("A queue that is full because its lines gather is no reason to drop any")
  func gathering() throws {
    let place = Place()
    let path = place.path("audit.log")
    var loop = try Loop(policy: .denyingAll) { $0.dropsAuditWhenFull = true }
    try loop.startWriter(to: AuditSink.open(.file(path: path)))
    for _ in 0..<3 {
      loop.stallSink()
      var client = try loop.connect(to: nil)
      loop.run {
        client.read()
        return client.wasReset
      }
    }
    let isWritten = loop.finishWriter()
    #expect(isWritten)
    #expect(loop.worker.counters.auditDropped.value == 0)
    #expect(text(path).split(separator: "\n").count { $0 != "{}" } == 3)
  }

  /// Until `condition` holds, at most 10 s.
  private func wait(for what: String, _ condition: () -> Bool) {
    let deadline = Instant.now() + 10 * DataPlaneSettings.Limits.second
    while !condition() {
      guard Instant.now() < deadline else {
        Issue.record("waited in vain for \(what)")
        return
      }
    }
  }
}

/// What a writer told of.
private final class Events: Sendable {
  private let held = Mutex<[String]>([])

  var all: [String] { held.withLock { $0 } }

  func note(_ event: AuditWriter.Event) {
    let text =
      switch event {
      case .failed(let error): "failed: \(error)"
      case .dropped(let count): "dropped: \(count)"
      case .cannotReopen(let error): "cannot reopen: \(error)"
      }
    held.withLock { $0.append(text) }
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
