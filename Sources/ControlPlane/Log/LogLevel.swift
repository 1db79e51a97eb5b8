package import Logging
import Synchronization

/// How much is logged, shared by every logger of the process. Any thread may read or change it
/// while it runs.
package final class LogLevel: Sendable {
  private let level: Mutex<Logger.Level>

  package init(_ level: Logger.Level = .info) { self.level = Mutex(level) }

  package var current: Logger.Level {
    get { level.withLock { $0 } }
    set { level.withLock { $0 = newValue } }
  }

  /// The names that a level is asked for by, least urgent first.
  package static var names: [String] { Logger.Level.allCases.map(\.rawValue) }
}
