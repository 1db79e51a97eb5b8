import ControlPlane
import Kernel
import Logging

/// What the control thread does while the workers serve: it waits for signals, for changes of the
/// document, and for what other threads ask of it.
struct ControlLoop: ~Copyable {
  /// What to do about what came. All of it happens on the control thread, one after the other.
  struct Actions {
    /// SIGHUP, or the document may have changed.
    var reload: (PolicyReloader.Cause) -> Void
    /// SIGUSR1.
    var reopenAudit: () -> Void
  }

  private enum Token: UInt64 { case signals, drainRequest, document }

  private let epoll: Epoll
  private let signals: Signals
  private let log: Logger
  let drainRequest: DrainRequest
  /// Nil where the document isn't watched.
  private var document: PathWatch?
  private var settling = Settling()

  init(_ signals: consuming Signals, log: Logger) throws(Errno) {
    let drainRequest = try DrainRequest()
    let epoll = try Epoll(capacity: 4)
    try epoll.addLevelTriggered(signals.descriptor, token: Token.signals.rawValue)
    try epoll.addLevelTriggered(
      drainRequest.wakeUp.descriptor, token: Token.drainRequest.rawValue)
    self.epoll = epoll
    self.signals = signals
    self.log = log
    self.drainRequest = drainRequest
  }

  /// Watches the document at `path` from here on; what has changed since it was read is found too.
  ///
  /// - Returns: directories that can't be watched.
  mutating func watch(_ path: String) throws(Errno) -> [PathWatch.Blind] {
    let watch = try PathWatch(path)
    try epoll.addLevelTriggered(watch.descriptor, token: Token.document.rawValue)
    let blind = watch.blind
    document = consume watch
    settling.note(.movedIntoPlace, at: .now())
    return blind
  }

  /// Returns once the process is to drain.
  mutating func run(_ actions: Actions) throws(Errno) {
    while true {
      for index in 0..<(try epoll.wait(milliseconds: settling.wait(from: .now()))) {
        switch Token(rawValue: epoll.event(index).token) {
        case .signals:
          guard let signal = try signals.take() else { continue }
          log.debug("a signal came", metadata: ["signal": "\(signal)"])
          switch signal {
          case .terminate: return
          case .reload: actions.reload(.request)
          case .reopen: actions.reopenAudit()
          }
        case .drainRequest:
          log.debug("a drain was asked for")
          if drainRequest.wasAsked { return }
        case .document:
          guard let change = try document?.take() else { continue }
          log.debug("something happened to the configuration", metadata: ["change": "\(change)"])
          settling.note(change, at: .now())
        case nil: preconditionFailure("an event of a descriptor that nobody registered")
        }
      }
      if let change = settling.takeDue(at: .now()) { actions.reload(.change(change)) }
    }
  }
}
