internal import Addressing
internal import Kernel
internal import Logging
internal import NIOCore
internal import TLS

/// The Workload API as the source of an identity: both streams, kept open. Lives on one event loop.
final class WorkloadSource {
  private let endpoint: WorkloadEndpoint
  private let loop: any EventLoop
  private let state: IdentityState
  private let log: Logger
  private let publish: (Identity?) -> Void
  private var said = WorkloadState()
  private var svids: WorkloadSubscription?
  private var bundles: WorkloadSubscription?
  private var expiry: RepeatedTask?
  private var hasWarnedOfRevocationLists = false

  /// How often the clock is looked at for the SVID's end; it may be set in between.
  private static let expiryCheck = TimeAmount.seconds(1)

  /// - Parameter publish: called on the loop with each identity that takes effect, and with nil where
  ///   it is withdrawn.
  init(
    _ endpoint: WorkloadEndpoint, settings: WorkloadAPISettings, on loop: any EventLoop,
    state: IdentityState, log: Logger, publish: @escaping (Identity?) -> Void
  ) {
    self.endpoint = endpoint
    self.loop = loop
    self.state = state
    self.log = log
    self.publish = publish
    svids = subscription(
      "/SpiffeWorkloadAPI/FetchX509SVID", settings,
      WorkloadSubscription.Callbacks(
        receive: { [weak self] in self?.received(svids: $0) ?? false },
        ended: { [weak self] in self?.svidsEnded($0, $1) }))
    bundles = subscription(
      "/SpiffeWorkloadAPI/FetchX509Bundles", settings,
      WorkloadSubscription.Callbacks(
        receive: { [weak self] in self?.received(bundles: $0) ?? false },
        ended: { [weak self] in self?.bundlesEnded($0, $1) }))
  }

  func start() {
    svids?.start()
    bundles?.start()
    let bound = NIOLoopBound(self, eventLoop: loop)
    expiry = loop.scheduleRepeatedTask(initialDelay: Self.expiryCheck, delay: Self.expiryCheck) {
      _ in bound.value.checkExpiry()
    }
  }

  func stop() {
    expiry?.cancel()
    svids?.stop()
    bundles?.stop()
  }

  private func subscription(
    _ path: String, _ settings: WorkloadAPISettings, _ callbacks: WorkloadSubscription.Callbacks
  ) -> WorkloadSubscription {
    WorkloadSubscription(
      GRPCRequest(path: path, userAgent: settings.userAgent), at: endpoint, pace: settings.pace,
      timing: settings.timing, on: loop, callbacks: callbacks)
  }

  // MARK: What comes

  private func received(svids message: SecretBytes) -> Bool {
    // This stream is the one that counts: with it the source is heard.
    take(isConnected: true) { () throws(IdentityFailure) in try said.take(svids: message) }
  }

  private func received(bundles message: SecretBytes) -> Bool {
    log.debug("trust bundles came")
    return take(isConnected: state.now.isConnected) { () throws(IdentityFailure) in
      try said.take(bundles: message)
    }
  }

  private func take(
    isConnected: Bool, _ read: () throws(IdentityFailure) -> Bool
  ) -> Bool {
    // What goes wrong half way takes nothing with it.
    let before = said
    do throws(IdentityFailure) {
      let isNew = try read()
      warnOfRevocationLists()
      if isNew { try takeEffect(isConnected: isConnected) }
      if isConnected { state.stayed() }
      return true
    } catch {
      said = before
      failed(error.sentence, isConnected: isConnected)
      return false
    }
  }

  private func takeEffect(isConnected: Bool) throws(IdentityFailure) {
    guard let svid = said.svid else { return }
    let identity = try Identity(
      svid, said.trustBundles, source: .workloadAPI, hint: said.hint, at: Instant.wallClock())
    state.took(identity, isConnected: isConnected)
    log.info(
      "an identity took effect",
      metadata: identity.logged.merging(["svids": "\(said.svidCount)"]) { $1 })
    publish(identity)
    checkExpiry()
  }

  private func warnOfRevocationLists() {
    guard said.hasRevocationLists, !hasWarnedOfRevocationLists else { return }
    hasWarnedOfRevocationLists = true
    log.warning("the agent sends certificate revocation lists: they are not used")
  }

  // MARK: What ends

  private func svidsEnded(_ end: GRPCEnd, _ next: SubscriptionState.Next) {
    state.disconnected()
    if case .status(let status) = end, status.code == .permissionDenied, said.withdrawSVIDs() {
      state.withdrew()
      log.error("the identity was withdrawn", metadata: ["endpoint": "\(endpoint)"])
      publish(nil)
    }
    switch next {
    case .connect: log.debug("the stream of SVIDs ended and is opened again")
    case .wait: failed(end.sentence, isConnected: false)
    case .giveUp(let status):
      let sentence = "the Workload API refuses the call for good, a restart asks again: \(status)"
      state.failed(
        sentence, at: Instant.wallClock(), isConnected: false, hasGivenUp: true)
      log.critical("\(sentence)", metadata: ["endpoint": "\(endpoint)"])
    }
  }

  /// Bundles come with SVIDs too; this stream alone withdraws nothing but what it brought.
  private func bundlesEnded(_ end: GRPCEnd, _ next: SubscriptionState.Next) {
    if case .status(let status) = end, status.code == .permissionDenied, said.withdrawBundles() {
      log.error("the trust bundles were withdrawn", metadata: ["endpoint": "\(endpoint)"])
      do throws(IdentityFailure) {
        try takeEffect(isConnected: state.now.isConnected)
      } catch {
        failed(error.sentence, isConnected: state.now.isConnected)
      }
    }
    if case .giveUp(let status) = next {
      log.notice("the agent has no stream of trust bundles: \(status)")
    } else {
      log.debug("the stream of trust bundles ended: \(end.sentence)")
    }
  }

  private func failed(_ sentence: String, isConnected: Bool) {
    let isNews = state.failed(sentence, at: Instant.wallClock(), isConnected: isConnected)
    let kept = said.svid == nil ? "there is no identity" : "the identity before stays in force"
    // An agent that is away for long is no news every half minute.
    log.log(
      level: isNews ? .error : .debug, "the Workload API: \(sentence); \(kept)",
      metadata: ["endpoint": "\(endpoint)"])
  }

  private func checkExpiry() {
    if state.takeExpiry(at: Instant.wallClock()) {
      log.critical("the SVID has expired: nothing is accepted or presented with it any more")
    }
  }
}

/// How the Workload API is spoken to.
struct WorkloadAPISettings: Sendable {
  var userAgent = "portarium"
  var pace = SubscriptionState.Pace()
  var timing = GRPCCall.Timing()
}

extension Identity {
  /// For the log: nothing secret.
  var logged: Logger.Metadata {
    [
      "spiffeId": "\(svid.id)", "serialNumber": "\(svid.serialNumber)",
      "fingerprint": "\(svid.fingerprint.hexadecimal)", "source": "\(source.rawValue)",
      "trustDomains": .array(bundles.trustDomains.map(\.name).sorted().map { "\($0)" }),
    ]
  }
}

extension [UInt8] {
  /// Lower-case, two digits a byte.
  var hexadecimal: String {
    reduce(into: "") { text, byte in
      text += String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }
  }
}
