import Addressing
import Foundation
import Kernel
import Policy
import Telemetry
import Testing

@testable import DataPlane

/// One worker that the test drives turn by turn, on real loopback sockets. The kernel's record of
/// the original destination, which needs NAT, is the one thing that is handed in.
struct Loop: ~Copyable {
  var worker: Worker
  let published = PublishedPolicy()
  let mailbox: Mailbox
  private let writer: AuditWriter
  private let entrance: Descriptor
  private let entrancePort: UInt16
  /// The time by which the worker goes, where a test sets it; nil for the clock's.
  private(set) var time: Instant?

  static let loopback = IPAddress("127.0.0.1")!

  init(
    limits: DataPlaneSettings.Limits = .init(), policy: Ruleset?, resolver: Resolver? = nil,
    configure: (inout DataPlaneSettings) -> Void = { _ in }
  ) throws {
    // All buffers of the process count, those of tests beside it too: short of memory is only who
    // says so.
    var limits = limits
    if limits.bufferBytes == DataPlaneSettings.Limits().bufferBytes { limits.bufferBytes = .max }
    if let policy { published.publish(policy) }
    let mailbox = try Mailbox()
    let writer = try AuditWriter(workers: 1) { _ in }
    let entrance = try Descriptor.listening(
      on: Endpoint(address: Self.loopback, port: 0), sharing: false)
    let entrancePort = try entrance.localEndpoint().port
    var settings = DataPlaneSettings(
      workspaceID: "ws-test", workers: 1, listeners: [], limits: limits)
    configure(&settings)
    let worker = try Worker(
      id: 0, settings: settings, listeners: [], mailbox: mailbox, published: published,
      auditWriter: writer,
      counters: WorkerCounters(), resolver: resolver)
    self.entrancePort = entrancePort
    self.mailbox = mailbox
    self.writer = writer
    self.entrance = entrance
    self.worker = worker
    // Takes the policy, as a running worker does before its first event.
    _ = self.worker.turn(longestWait: 0)
  }

  /// A connection of a workload, as if it had been redirected on its way to `destination`.
  mutating func connect(
    to destination: Endpoint?, refusal: DenyReason? = nil
  ) throws -> Peer {
    try connect(
      destination.map { .elsewhere(OriginalDestination($0)) } ?? .unavailable, refusal: refusal)
  }

  /// A connection from outside, as if it had been redirected on its way to `destination`.
  mutating func connectFromOutside(
    to destination: FoundDestination, refusal: DenyReason? = nil
  ) throws -> Peer {
    let client = try Descriptor.connecting(
      to: Endpoint(address: Self.loopback, port: entrancePort))
    guard case .connection(let accepted, let from) = entrance.accept() else { throw Unexpected() }
    worker.serveInbound(accepted, from: from, destination: destination, refusal: refusal)
    return Peer(client)
  }

  /// A connection of a workload that was made to the proxy itself.
  mutating func connectToProxy() throws -> Peer { try connect(.proxy) }

  private mutating func connect(
    _ destination: FoundDestination, refusal: DenyReason? = nil
  ) throws -> Peer {
    let client = try Descriptor.connecting(
      to: Endpoint(address: Self.loopback, port: entrancePort))
    // A loopback connection is in the queue before connect returns.
    guard case .connection(let accepted, let from) = entrance.accept() else {
      throw Unexpected()
    }
    worker.serve(
      accepted, from: from, destination: destination, refusal: refusal)
    return Peer(client)
  }

  /// Stops the worker's clock.
  mutating func holdTime() { time = worker.now }

  /// Lets time pass for the worker, and carries out what is due then.
  mutating func pass(_ nanoseconds: UInt64) {
    time = time! + nanoseconds
    // What waits to be read at that time comes first, then the deadlines.
    for _ in 0..<3 { turn(longestWait: 0) }
  }

  mutating func turn(longestWait: Int32 = 5) { _ = worker.turn(longestWait: longestWait, at: time) }

  /// Turns until `condition` holds; fails after 10 s.
  mutating func run(_ condition: () -> Bool) {
    let deadline = Instant.now() + 10 * DataPlaneSettings.Limits.second
    while !condition() {
      guard Instant.now() < deadline else {
        Issue.record("nothing came of it within 10 s")
        return
      }
      turn()
    }
  }

  /// Turns until the worker has connected to `server`.
  mutating func accept(at server: borrowing Server) throws -> Peer {
    for _ in 0..<2000 {
      if case .connection(let descriptor, _) = server.listener.accept() {
        return Peer(descriptor)
      }
      turn()
    }
    Issue.record("the worker did not connect")
    throw Unexpected()
  }

  /// Fills the audit's queue with empty records, as a sink does that takes no more.
  func stallSink() {
    let lines = Array(repeating: Array("{}\n".utf8), count: AuditQueue.capacity / 3 + 1).joined()
    _ = writer.queues[0].offer(Array(lines).span)
  }

  /// Has the audit's lines written, instead of asked for by `records`.
  func startWriter(to sink: consuming AuditSink) throws { try writer.start(writingTo: sink) }

  /// Ends the writer once all is written.
  func finishWriter() -> Bool { writer.finish(milliseconds: 10_000) }

  /// The audit records since the last time.
  func records() throws -> [[String: Any]] {
    var bytes = ByteBuffer()
    writer.queues[0].take(into: &bytes)
    let text = String(decoding: (0..<bytes.count).map { bytes.bytes[$0] }, as: UTF8.self)
    return try text.split(separator: "\n").map {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
    }
  }

  struct Unexpected: Error {}
}

/// The other end of one of the worker's sockets.
struct Peer: ~Copyable {
  let socket: Descriptor
  private(set) var received: [UInt8] = []
  private(set) var hasEnded = false
  private(set) var wasReset = false

  init(_ socket: consuming Descriptor) { self.socket = socket }

  var text: String { String(decoding: received, as: UTF8.self) }

  func send(_ text: String) { send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) {
    guard case .bytes(bytes.count) = socket.send(bytes.span) else {
      Issue.record("the peer could not send")
      return
    }
  }

  consuming func close() {}

  /// Nothing but the socket is wanted any more.
  consuming func leave() -> Descriptor { socket }

  /// Takes what has come.
  mutating func read() {
    var buffer = ByteBuffer(capacity: 65536)
    while !hasEnded && !wasReset {
      buffer.clear()
      switch buffer.receive(from: socket, atMost: 65536) {
      case .bytes(let count):
        for index in 0..<count { received.append(buffer.bytes[index]) }
      case .wouldBlock: return
      case .endOfStream: hasEnded = true
      case .failed: wasReset = true
      }
    }
  }
}

/// A server the worker connects to.
struct Server: ~Copyable {
  let listener: Descriptor
  let endpoint: Endpoint

  init() throws {
    let listener = try Descriptor.listening(
      on: Endpoint(address: Loop.loopback, port: 0), sharing: false)
    endpoint = try listener.localEndpoint()
    self.listener = listener
  }
}

extension Ruleset {
  /// Allows loopback servers of this test by address, decided after a peek.
  static func allowingLoopback(mode: EnforcementMode = .enforce) -> Ruleset {
    Ruleset(
      rules: [
        Rule(name: "loopback", pattern: "127.0.0.1", matcher: .block(CIDR("127.0.0.1")!))
      ], enforcementMode: mode)
  }

  static let denyingAll = Ruleset(rules: [], enforcementMode: .enforce)
}
