import Kernel
import Synchronization

/// Writes the audit lines of all workers to one descriptor, in whole lines, on a thread of its own:
/// a sink that stalls stops no worker until its queue is full.
final class AuditWriter: Sendable {
  /// Milliseconds in which lines gather before they are written: they seldom come alone, and each
  /// write and each wake-up costs as much as several requests' other system calls.
  private static let gathering: Int32 = 2

  let queues: [AuditQueue]
  private let wakeUp: WakeUp
  /// The writer found every queue empty and waits to be woken.
  private let isAsleep = Atomic<Bool>(false)
  private let closing = Atomic<Bool>(false)
  private let hasLost = Atomic<Bool>(false)
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

  /// By a worker that put lines into its queue. Costs a system call only where the writer sleeps.
  func noteLines() {
    if isAsleep.exchange(false, ordering: .sequentiallyConsistent) { wakeUp.signal() }
  }

  /// By a worker whose queue is full: now, whatever the writer is doing.
  func hurry() { wakeUp.signal() }

  /// By a worker that was told to stop while its queue was full: its last lines are gone.
  func noteLoss() { hasLost.store(true, ordering: .releasing) }

  func start(writingTo sink: consuming Descriptor) throws(Errno) {
    let sink = SinkBox(sink)
    try Thread.start(name: "audit") { [self] in run(sink.descriptor) }
  }

  /// Once all workers have ended: writes the rest. False where the sink did not take all of it in
  /// time.
  func finish(milliseconds: Int32) -> Bool {
    closing.store(true, ordering: .releasing)
    wakeUp.signal()
    return finished.wait(milliseconds: milliseconds) && !hasLost.load(ordering: .acquiring)
  }

  private func run(_ sink: borrowing Descriptor) {
    var batch = ByteBuffer()
    var isFailing = false
    while true {
      if !closing.load(ordering: .acquiring) { wakeUp.wait(milliseconds: Self.gathering) }
      // Asked after that wait, which forgets the signal that closing gave.
      let isClosing = closing.load(ordering: .acquiring)
      for queue in queues { queue.take(into: &batch) }
      if batch.isEmpty {
        if isClosing { return finished.signal() }
        isAsleep.store(true, ordering: .sequentiallyConsistent)
        // A worker that did not find it asleep has handed over before this second look.
        for queue in queues { queue.take(into: &batch) }
        if batch.isEmpty { wakeUp.wait() }
        isAsleep.store(false, ordering: .sequentiallyConsistent)
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
