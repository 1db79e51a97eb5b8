import DataPlane
import Synchronization
import Telemetry

/// The data plane, as far as the admin port shows it: that answers before there are workers.
final class DataPlaneBox: Sendable {
  private let held = Mutex<DataPlane?>(nil)

  func publish(_ dataPlane: DataPlane) { held.withLock { $0 = dataPlane } }

  var counters: [WorkerCounters] { held.withLock { $0 }?.counters ?? [] }

  /// See `DataPlane.auditBacklog`.
  var auditBacklog: (bytes: Int, capacity: Int)? { held.withLock { $0 }?.auditBacklog }
}
