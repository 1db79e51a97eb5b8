import CAllocations
import Glibc
import Kernel
import Samples
import Telemetry

@testable import DataPlane

/// One worker's records from the encoder through the queue and the writer's thread to a sink, as
/// fast as they go: `Record COUNT wait|drop stdout|PATH json|cloudevents`. Says on standard error
/// what it took, as one line of JSON.
@main
struct Record {
  /// Records that a busy worker makes in one batch of events.
  static let batch = 32

  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 5, let count = Int(arguments[1]) else {
      try StandardStream.error.write("usage: COUNT wait|drop stdout|PATH FORMAT\n")
      exit(2)
    }
    StandardStream.ignoreBrokenPipe()
    let drops = arguments[2] == "drop"
    let target: AuditSink.Target =
      arguments[3] == "stdout" ? .standardOutput : .file(path: arguments[3])
    let writer = try AuditWriter(workers: 1) { _ in }
    try writer.start(writingTo: AuditSink.open(target))
    var worker = Producer(format: arguments[4] == "cloudevents" ? .cloudEvents : .json)

    let start = Instant.now()
    for first in stride(from: 0, to: count, by: batch) {
      worker.make(min(batch, count - first))
      worker.handOver(to: writer, drops: drops)
    }
    let handedOver = Instant.now()
    let isWritten = writer.finish(milliseconds: 60_000)
    let end = Instant.now()

    // Of all threads, from the process's beginning.
    let processor = Double(processor_nanoseconds()) / 1e9
    let seconds = Double(end.since(start)) / 1e9
    let report =
      "{\"records\":\(count),\"written\":\(isWritten),\"dropped\":\(worker.dropped),"
      + "\"stalls\":\(worker.stalls),\"handedOverSeconds\":\(Double(handedOver.since(start)) / 1e9),"
      + "\"seconds\":\(seconds),\"processorSeconds\":\(processor)}\n"
    try StandardStream.error.write(report)
  }
}

/// What a worker does with the records of a batch.
struct Producer: ~Copyable {
  private var encoder: AuditEncoder
  private var identifiers: AuditIDGenerator
  private var lines = TextBuffer(capacity: 64 * 1024)
  private var sample: SampleRecord
  private(set) var dropped = 0
  private(set) var stalls = 0

  init(format: AuditFormat) {
    encoder = AuditEncoder(workspaceID: "ws-billing", format: format)
    var random = SystemRandomNumberGenerator()
    identifiers = AuditIDGenerator(seed: &random)
    let now = Instant.wallClock()
    sample = SampleRecord(id: identifiers.next(at: now), timestampNanoseconds: now)
  }

  mutating func make(_ count: Int) {
    let now = Instant.wallClock()
    for _ in 0..<count {
      sample.record.timestampNanoseconds = now
      sample.record.auditID = identifiers.next(at: now)
      encoder.encode(sample, into: &lines)
    }
  }

  /// As `Worker.handOverAudit` does.
  mutating func handOver(to writer: AuditWriter, drops: Bool) {
    let queue = writer.queues[0]
    while !queue.offer(lines.bytes) {
      if drops {
        dropped += lines.lineCount
        writer.noteDropped(lines.lineCount)
        return lines.removeAll()
      }
      stalls += 1
      writer.hurry()
      queue.waitForRoom(milliseconds: 1000)
    }
    lines.removeAll()
    writer.noteLines()
  }
}
