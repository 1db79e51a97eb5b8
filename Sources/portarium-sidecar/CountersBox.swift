import Synchronization
import Telemetry

/// The workers' counters, which the admin port shows: it answers before there are workers.
final class CountersBox: Sendable {
  private let held = Mutex<[WorkerCounters]>([])

  func publish(_ counters: [WorkerCounters]) { held.withLock { $0 = counters } }

  var all: [WorkerCounters] { held.withLock { $0 } }
}
