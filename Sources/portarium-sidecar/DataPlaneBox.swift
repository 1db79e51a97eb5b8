import DataPlane
import Synchronization
import Telemetry

/// The data plane, as far as others know it who are there before there are workers: the admin port
/// shows what it counts, and the identity's source tells it who it is.
final class DataPlaneBox: Sendable {
  private struct State {
    var dataPlane: DataPlane?
    /// What came before there was a data plane to tell.
    var identity: IdentitySnapshot?
  }

  private let held = Mutex(State())

  func publish(_ dataPlane: DataPlane) {
    held.withLock {
      $0.dataPlane = dataPlane
      if let identity = $0.identity.take() { dataPlane.publish(identity: identity) }
    }
  }

  /// See `DataPlane.publish(identity:)`.
  func publish(_ identity: IdentitySnapshot?) {
    held.withLock {
      // Under the lock, so that what came last holds.
      if let dataPlane = $0.dataPlane {
        dataPlane.publish(identity: identity)
      } else {
        $0.identity = identity
      }
    }
  }

  var counters: [WorkerCounters] { held.withLock { $0.dataPlane }?.counters ?? [] }

  /// See `DataPlane.auditBacklog`.
  var auditBacklog: (bytes: Int, capacity: Int)? { held.withLock { $0.dataPlane }?.auditBacklog }
}
