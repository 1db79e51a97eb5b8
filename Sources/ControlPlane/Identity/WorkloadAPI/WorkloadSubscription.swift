internal import Addressing
internal import Kernel
internal import NIOCore

/// One stream of the Workload API, opened again whenever it ends. Lives on one event loop.
final class WorkloadSubscription {
  /// What its owner is told, on the loop.
  struct Callbacks {
    /// A message, which is the whole state; false where it is of no use.
    var receive: (SecretBytes) -> Bool
    /// The stream ended, or never began; what comes next.
    var ended: (GRPCEnd, SubscriptionState.Next) -> Void
  }

  private let endpoint: WorkloadEndpoint
  private let request: GRPCRequest
  private let timing: GRPCCall.Timing
  private let loop: any EventLoop
  private let callbacks: Callbacks
  private var state: SubscriptionState
  private var call: GRPCCall?
  private var wait: Scheduled<Void>?
  private var isStopped = false

  init(
    _ request: GRPCRequest, at endpoint: WorkloadEndpoint, pace: SubscriptionState.Pace,
    timing: GRPCCall.Timing, on loop: any EventLoop, callbacks: Callbacks
  ) {
    self.request = request
    self.endpoint = endpoint
    self.timing = timing
    self.loop = loop
    self.callbacks = callbacks
    state = SubscriptionState(pace: pace)
  }

  func start() {
    loop.preconditionInEventLoop()
    connect()
  }

  /// Nothing is told any more, and the connection is closed.
  func stop() {
    loop.preconditionInEventLoop()
    isStopped = true
    wait?.cancel()
    call?.cancel()
    call = nil
  }

  private func connect() {
    guard !isStopped else { return }
    state.connects(at: .now())
    call = GRPCCall(
      request, to: endpoint, timing: timing, on: loop,
      receive: { [weak self] message in self?.received(message) },
      end: { [weak self] how in self?.ended(how) })
  }

  private func received(_ message: SecretBytes) {
    if !isStopped, callbacks.receive(message) { state.received() }
  }

  private func ended(_ how: GRPCEnd) {
    guard !isStopped else { return }
    call = nil
    let now = Instant.now()
    let next = state.ended(how, at: now)
    callbacks.ended(how, next)
    guard !isStopped else { return }
    switch next {
    case .connect: connect()
    case .wait(let until):
      let delay = TimeAmount.nanoseconds(Int64(clamping: until.since(now)))
      // Weakly: one that is due already runs even where it is cancelled.
      wait = loop.assumeIsolated().scheduleTask(in: delay) { [weak self] in self?.connect() }
    case .giveUp: break
    }
  }
}
