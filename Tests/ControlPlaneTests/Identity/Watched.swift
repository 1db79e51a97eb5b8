import Foundation
import Kernel
import Logging

@testable import ControlPlane

/// What a source of identities tells and logs, to be waited for.
final class Watched: Sendable {
  /// The invariant behind `@unchecked Sendable`: the others are used with the condition locked.
  private final class State: @unchecked Sendable {
    let condition = NSCondition()
    var changes: [Identity?] = []
    var lines: [String] = []
  }

  private let state = State()

  struct TimedOut: Error {
    var what: String
    var lines: [String]
  }

  var changes: [Identity?] { state.condition.withLock { state.changes } }
  var lines: [String] { state.condition.withLock { state.lines } }
  /// The one in force.
  var identity: Identity? { changes.last ?? nil }

  func note(_ identity: Identity?) {
    state.condition.withLock {
      state.changes.append(identity)
      state.condition.broadcast()
    }
  }

  /// Lets go of the identities so far.
  func forget() { state.condition.withLock { state.changes = [] } }

  func logger() -> Logger {
    let handler = JSONLogHandler(
      label: "test", level: LogLevel(.trace), now: Instant.wallClock,
      write: { [state] line in
        let text = String(decoding: line.indices.map { line[$0] }, as: UTF8.self)
        state.condition.withLock {
          state.lines.append(text)
          state.condition.broadcast()
        }
      })
    return Logger(label: "test", factory: { _ in handler })
  }

  /// Waits for a time that no machine needs.
  func wait<Value>(for what: String, until condition: (Watched) -> Value?) throws -> Value {
    let deadline = Date(timeIntervalSinceNow: 20)
    while true {
      let seen = state.condition.withLock { (state.changes.count, state.lines.count) }
      if let value = condition(self) { return value }
      if Date() >= deadline { throw TimedOut(what: what, lines: lines) }
      state.condition.withLock {
        if seen == (state.changes.count, state.lines.count) {
          _ = state.condition.wait(until: deadline)
        }
      }
    }
  }

  func waitForChange(_ count: Int) throws -> Identity? {
    try wait(for: "change \(count)") {
      $0.changes.count >= count ? .some($0.changes[count - 1]) : nil
    }
  }

  @discardableResult
  func waitForLine(_ text: String, after count: Int = 0) throws -> String {
    try wait(for: "a line: \(text)") { $0.lines.dropFirst(count).first { $0.contains(text) } }
  }
}
