import Kernel
import Synchronization

/// Audit lines on their way from one worker to the writer's thread: bounded, and full means wait.
///
/// The worker hands over a batch's lines at once, so the lock is taken once a batch and never
/// held during a system call.
final class AuditQueue: Sendable {
  /// Bytes that may wait. Two thousand records: what a worker writes in about 30 ms at full load.
  static let capacity = 1 << 20

  private let lines = Mutex<ByteBuffer>(ByteBuffer())
  /// Signalled when a full queue was emptied.
  private let room: WakeUp

  init() throws(Errno) { room = try WakeUp() }

  enum Handover {
    /// - Parameter wasEmpty: the writer may be asleep.
    case taken(wasEmpty: Bool)
    case full
  }

  /// By the worker. A batch larger than the queue is taken once the queue is empty.
  func offer(_ batch: Span<UInt8>) -> Handover {
    lines.withLock { lines in
      let wasEmpty = lines.isEmpty
      guard wasEmpty || lines.count + batch.count <= Self.capacity else { return .full }
      lines.append(batch)
      return .taken(wasEmpty: wasEmpty)
    }
  }

  /// By the worker, after `full`.
  func waitForRoom(milliseconds: Int32) { room.wait(milliseconds: milliseconds) }

  /// By the writer: moves what waits behind the bytes of `batch`.
  func take(into batch: inout ByteBuffer) {
    lines.withLock { lines in
      guard !lines.isEmpty else { return }
      batch.append(lines.bytes)
      lines.clear()
    }
    room.signal()
  }
}

/// Writes the audit lines of all workers to one descriptor, in whole lines, on a thread of its own:
/// a sink that stalls stops no worker until its queue is full.
final class AuditWriter: Sendable {
  let queues: [AuditQueue]
  private let wakeUp: WakeUp
  private let closing = Atomic<Bool>(false)
  private let finished: WakeUp
  private let reportFailure: @Sendable (Errno) -> Void

  /// - Parameter reportFailure: called, once for each streak of failures, with what the sink said.
  init(workers: Int, reportFailure: @escaping @Sendable (Errno) -> Void) throws(Errno) {
    var queues: [AuditQueue] = []
    for _ in 0..<workers { queues.append(try AuditQueue()) }
    self.queues = queues
    wakeUp = try WakeUp()
    finished = try WakeUp()
    self.reportFailure = reportFailure
  }

  /// By a worker that put lines into an empty queue.
  func wake() { wakeUp.signal() }

  func start(writingTo sink: consuming Descriptor) throws(Errno) {
    let sink = SinkBox(sink)
    try Thread.start(name: "audit") { [self] in run(sink.descriptor) }
  }

  /// Once all workers have ended: writes the rest. False where the sink did not take it in time.
  func finish(milliseconds: Int32) -> Bool {
    closing.store(true, ordering: .releasing)
    wakeUp.signal()
    return finished.wait(milliseconds: milliseconds)
  }

  private func run(_ sink: borrowing Descriptor) {
    var batch = ByteBuffer()
    var isFailing = false
    while true {
      let isClosing = closing.load(ordering: .acquiring)
      for queue in queues { queue.take(into: &batch) }
      if batch.isEmpty {
        if isClosing { return finished.signal() }
        wakeUp.wait()
        continue
      }
      while !batch.isEmpty {
        switch sink.write(batch.bytes) {
        case .bytes(let count):
          batch.consume(count)
          isFailing = false
        case .wouldBlock:
          sink.waitWritable(milliseconds: 1000)
        case .endOfStream:
          preconditionFailure("write took none of some bytes and said no error")
        case .failed(let error):
          // Nothing is lost: the lines stay, the queues fill, and new work waits.
          if !isFailing { reportFailure(error) }
          isFailing = true
          wakeUp.wait(milliseconds: 200)
        }
      }
      batch.clear()
    }
  }

  private final class SinkBox: Sendable {
    let descriptor: Descriptor
    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
  }
}
