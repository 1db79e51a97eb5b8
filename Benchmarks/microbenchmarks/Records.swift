import Addressing
import Policy
import Samples
import Telemetry

extension Suite {
  /// What it costs to write down and count what happened, and to tell the workload of a refusal.
  mutating func measureRecords() throws {
    for (name, format) in [("JSON", AuditFormat.json), ("CloudEvents", .cloudEvents)] {
      var record = Record(format: format)
      let length = record.perform()
      try measure("audit record: \(name)", bytes: length, Record(format: format))
    }
    try measure("audit identifier", Identify())
    try measure("a request's counters", Tally())
    try measure("reply: 403", isHot: false, try Refuse())
  }
}

private struct Record: Operation, ~Copyable {
  private var encoder: AuditEncoder
  private var lines = TextBuffer(capacity: 4096)
  private let sample: SampleRecord

  init(format: AuditFormat) {
    encoder = AuditEncoder(workspaceID: "ws-billing", format: format)
    // A time of 2026.
    let now: UInt64 = 1_795_248_000_000_000_000
    sample = SampleRecord(
      id: AuditID(milliseconds: now / 1_000_000, random: 1), timestampNanoseconds: now)
  }

  mutating func perform() -> Int {
    lines.removeAll()
    encoder.encode(sample, into: &lines)
    return lines.count
  }
}

private struct Identify: Operation {
  private var identifiers: AuditIDGenerator

  init() {
    var random = SystemRandomNumberGenerator()
    identifiers = AuditIDGenerator(seed: &random)
  }

  mutating func perform() -> Int {
    // A UUID of version 7.
    Int(truncatingIfNeeded: identifiers.next(at: 1_795_248_000_000_000_000).rawValue >> 76) & 0xf
  }
}

/// What a worker counts for a request that was allowed and answered.
private struct Tally: Operation {
  private let counters = WorkerCounters()

  mutating func perform() -> Int {
    counters.requests.add(1)
    counters.decisionTime.add(nanoseconds: 20_000)
    counters.auditRecords.add(1)
    counters.allowed.add(1)
    counters.bytesSent.add(312)
    counters.bytesReceived.add(4096)
    counters.requestTime.add(nanoseconds: 1_200_000)
    return 1
  }
}

private struct Refuse: Operation, ~Copyable {
  private let replies = ReplyEncoder(workspaceID: "ws-billing")
  private var reply = TextBuffer(capacity: 4096)
  private let flow: Flow

  init() throws {
    let destination = Endpoint(address: IPAddress("140.82.112.3")!, port: 80)
    flow = Flow(
      destination: OriginalDestination(destination),
      name: try HostName(flowBytes: Array("evil.example.com".utf8).span),
      content: .http(method: HTTPMethod("GET")!))
  }

  mutating func perform() -> Int {
    reply.removeAll()
    replies.appendDenial(
      Denial(.hostNotAllowed), flow: flow, auditID: AuditID(rawValue: 1),
      options: ReplyEncoder.Options(omitsBody: false, closes: false), to: &reply)
    return reply.count
  }
}
