import ControlPlane
import Logging
import Synchronization

/// Collects what loggers write.
final class LogLines: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock { $0 } }

  func handler(level: LogLevel = LogLevel()) -> JSONLogHandler {
    JSONLogHandler(
      label: "test", level: level, now: { 1_795_244_400_000_000_000 },
      write: { line in
        let text = String(decoding: line.indices.map { line[$0] }, as: UTF8.self)
        self.lines.withLock { $0.append(text) }
      })
  }

  func logger(level: LogLevel = LogLevel()) -> Logger {
    Logger(label: "test", factory: { _ in handler(level: level) })
  }
}
