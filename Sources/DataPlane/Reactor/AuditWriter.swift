import Kernel
import Synchronization

/// Writes the audit lines of all workers to one sink, in whole lines, on a thread of its own: a sink
/// that stalls stops no worker until its queue is full.
final class AuditWriter: Sendable {
  /// Milliseconds in which lines gather before they are written: they seldom come alone, and each
  /// write and each wake-up costs as much as several requests' other system calls.
  private static let gathering: Int32 = 10
  /// Milliseconds between two attempts to write to a sink that fails: more and more.
  private static let pauses: ClosedRange<Int32> = 50...1000
  /// Nanoseconds between two reports of the same kind.
  private static let reportInterval: UInt64 = 1_000_000_000

  let queues: [AuditQueue]
  private let wakeUp: WakeUp
  /// The writer found every queue empty and waits to be woken.
  private let isAsleep = Atomic<Bool>(false)
  private let closing = Atomic<Bool>(false)
  private let hasLost = Atomic<Bool>(false)
  private let reopening = Atomic<Bool>(false)
  /// Records that workers dropped and that nobody has reported yet.
  private let dropped = Atomic<Int>(0)
  private let finished: WakeUp
  private let report: @Sendable (Event) -> Void

  /// What the writer tells of.
  enum Event: Sendable {
    /// Once for each streak of failures.
    case failed(Errno)
    /// So many, since the last time that this was said.
    case dropped(Int)
    case cannotReopen(AuditSink.OpenError)
  }

  /// - Parameter report: called on the writer's thread.
  init(workers: Int, report: @escaping @Sendable (Event) -> Void) throws(Errno) {
    var queues: [AuditQueue] = []
    for _ in 0..<workers { queues.append(try AuditQueue()) }
    self.queues = queues
    wakeUp = try WakeUp()
    finished = try WakeUp()
    self.report = report
  }

  /// By a worker that put lines into its queue. Costs a system call only where the writer sleeps.
  func noteLines() {
    if isAsleep.exchange(false, ordering: .sequentiallyConsistent) { wakeUp.signal() }
  }

  /// By a worker whose queue is full: now, whatever the writer is doing.
  func hurry() { wakeUp.signal() }

  /// By a worker that was told to stop while its queue was full: its last lines are gone.
  func noteLoss() { hasLost.store(true, ordering: .releasing) }

  /// By a worker that drops records because its queue is full.
  func noteDropped(_ count: Int) { dropped.add(count, ordering: .relaxed) }

  /// By any thread: opens the sink's file anew, for it may have been renamed.
  func reopen() {
    reopening.store(true, ordering: .releasing)
    wakeUp.signal()
  }

  func start(writingTo sink: consuming AuditSink) throws(Errno) {
    let handover = SinkHandover(sink)
    try Thread.start(name: "audit") { [self] in
      var thread = WriterThread(sink: handover.take())
      run(&thread)
    }
  }

  /// Once all workers have ended: writes the rest. False where the sink did not take all of it in
  /// time.
  func finish(milliseconds: Int32) -> Bool {
    closing.store(true, ordering: .releasing)
    wakeUp.signal()
    return finished.wait(milliseconds: milliseconds) && !hasLost.load(ordering: .acquiring)
  }

  /// What belongs to the writer's thread alone.
  private struct WriterThread: ~Copyable {
    var sink: AuditSink
    var isFailureReported = false
    var nextFailureReport = Instant(nanoseconds: 0)
    var dropped = 0
    var nextDropReport = Instant(nanoseconds: 0)
  }

  private func run(_ own: inout WriterThread) {
    var batch = ByteBuffer()
    while true {
      if !closing.load(ordering: .acquiring) { wakeUp.wait(milliseconds: Self.gathering) }
      // Asked after that wait, which forgets the signal that closing gave.
      let isClosing = closing.load(ordering: .acquiring)
      reopenIfAsked(&own.sink, during: Span())
      for queue in queues { queue.take(into: &batch) }
      if batch.isEmpty {
        reportDropped(&own, isLast: isClosing)
        if isClosing { return finished.signal() }
        isAsleep.store(true, ordering: .sequentiallyConsistent)
        // A worker that did not find it asleep has handed over before this second look.
        for queue in queues { queue.take(into: &batch) }
        if batch.isEmpty { wakeUp.wait(milliseconds: own.dropped > 0 ? 1000 : -1) }
        isAsleep.store(false, ordering: .sequentiallyConsistent)
        continue
      }
      write(batch.bytes, &own)
      batch.clear()
      reportDropped(&own, isLast: false)
    }
  }

  /// Ends once the sink has taken everything: nothing is lost here, the queues fill meanwhile.
  private func write(_ batch: Span<UInt8>, _ own: inout WriterThread) {
    var pause = Self.pauses.lowerBound
    while true {
      switch own.sink.advance(batch) {
      case .done:
        own.isFailureReported = false
        return
      case .advanced:
        pause = Self.pauses.lowerBound
      case .wouldBlock:
        own.sink.waitWritable()
      case .failed(let error):
        reportFailure(error, &own)
        wakeUp.wait(milliseconds: pause)
        pause = min(2 * pause, Self.pauses.upperBound)
        reopenIfAsked(&own.sink, during: batch)
      }
    }
  }

  /// - Parameter batch: what is being written.
  private func reopenIfAsked(_ sink: inout AuditSink, during batch: Span<UInt8>) {
    guard reopening.exchange(false, ordering: .acquiring) else { return }
    do throws(AuditSink.OpenError) {
      try sink.reopen(during: batch)
    } catch {
      report(.cannotReopen(error))
    }
  }

  private func reportFailure(_ error: Errno, _ own: inout WriterThread) {
    guard !own.isFailureReported, Instant.now() >= own.nextFailureReport else { return }
    report(.failed(error))
    own.isFailureReported = true
    own.nextFailureReport = Instant.now() + Self.reportInterval
  }

  private func reportDropped(_ own: inout WriterThread, isLast: Bool) {
    own.dropped += dropped.exchange(0, ordering: .relaxed)
    guard own.dropped > 0, isLast || Instant.now() >= own.nextDropReport else { return }
    report(.dropped(own.dropped))
    own.dropped = 0
    own.nextDropReport = Instant.now() + Self.reportInterval
  }

  /// Gives the sink to the writer's thread: a closure can't consume what it captures.
  private final class SinkHandover: Sendable {
    private let held: Mutex<AuditSink?>
    init(_ sink: consuming AuditSink) { held = Mutex(sink) }

    /// Once.
    func take() -> AuditSink { held.withLock { $0.take()! } }
  }
}
