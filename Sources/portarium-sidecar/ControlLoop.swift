import Kernel

/// What the control thread does while the workers serve: it waits for signals and for what other
/// threads ask of it.
struct ControlLoop: ~Copyable {
  /// What to do about what came. All of it happens on the control thread, one after the other.
  struct Actions {
    /// SIGHUP.
    var reload: () -> Void
    /// SIGUSR1.
    var reopenAudit: () -> Void
  }

  private enum Token: UInt64 { case signals, drainRequest }

  private let epoll: Epoll
  private let signals: Signals
  let drainRequest: DrainRequest

  init(_ signals: consuming Signals) throws(Errno) {
    let drainRequest = try DrainRequest()
    let epoll = try Epoll(capacity: 4)
    try epoll.addLevelTriggered(signals.descriptor, token: Token.signals.rawValue)
    try epoll.addLevelTriggered(
      drainRequest.wakeUp.descriptor, token: Token.drainRequest.rawValue)
    self.epoll = epoll
    self.signals = signals
    self.drainRequest = drainRequest
  }

  /// Returns once the process is to drain.
  func run(_ actions: Actions) throws(Errno) {
    while true {
      for index in 0..<(try epoll.wait(milliseconds: -1)) {
        switch Token(rawValue: epoll.event(index).token) {
        case .signals:
          switch try signals.take() {
          case .terminate: return
          case .reload: actions.reload()
          case .reopen: actions.reopenAudit()
          case nil: break
          }
        case .drainRequest: if drainRequest.wasAsked { return }
        case nil: preconditionFailure("an event of a descriptor that nobody registered")
        }
      }
    }
  }
}
