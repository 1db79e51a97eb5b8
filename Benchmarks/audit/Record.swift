import Addressing
import Foundation
import Kernel
import Policy
import Synchronization
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
      FileHandle.standardError.write(Data("usage: COUNT wait|drop stdout|PATH FORMAT\n".utf8))
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

    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let processor = [usage.ru_utime, usage.ru_stime].reduce(0.0) {
      $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6
    }
    let seconds = Double(end.since(start)) / 1e9
    let report =
      "{\"records\":\(count),\"written\":\(isWritten),\"dropped\":\(worker.dropped),"
      + "\"stalls\":\(worker.stalls),\"handedOverSeconds\":\(Double(handedOver.since(start)) / 1e9),"
      + "\"seconds\":\(seconds),\"processorSeconds\":\(processor)}\n"
    FileHandle.standardError.write(Data(report.utf8))
  }
}

/// What a worker does with the records of a batch.
struct Producer: ~Copyable {
  private var encoder: AuditEncoder
  private var identifiers: AuditIDGenerator
  private var lines = TextBuffer(capacity: 64 * 1024)
  private var record: AuditRecord
  private let host = Array("api.example.com".utf8)
  private let method = Array("GET".utf8)
  private let path = Array("/v1/repositories/portarium/issues".utf8)
  private let traceparent = Array("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".utf8)
  private(set) var dropped = 0
  private(set) var stalls = 0

  init(format: AuditFormat) {
    encoder = AuditEncoder(workspaceID: "ws-billing", format: format)
    var random = SystemRandomNumberGenerator()
    identifiers = AuditIDGenerator(seed: &random)
    let now = Instant.wallClock()
    record = AuditRecord(
      timestampNanoseconds: now, auditID: identifiers.next(at: now), workerID: 0,
      enforcementMode: .enforce, enforced: true, decision: .allow, reason: nil,
      matchedRule: "github", applicationProtocol: .http,
      source: ClientAddress(Endpoint(address: IPAddress("10.1.0.1")!, port: 45678)),
      destination: OriginalDestination(Endpoint(address: IPAddress("140.82.112.3")!, port: 80)),
      responseStatus: 200, outcome: .completed, bytesSent: 312, bytesReceived: 4096,
      latencyNanoseconds: 1_234_567)
  }

  mutating func make(_ count: Int) {
    let now = Instant.wallClock()
    let (host, method, path, traceparent) = (host, method, path, traceparent)
    for _ in 0..<count {
      record.timestampNanoseconds = now
      record.auditID = identifiers.next(at: now)
      encoder.encode(
        record, host: host.span, method: method.span, path: path.span,
        traceparent: traceparent.span, into: &lines)
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
