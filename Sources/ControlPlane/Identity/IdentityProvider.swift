package import Addressing
package import Kernel
package import Logging
internal import NIOCore
internal import NIOPosix

/// Keeps the process's identity current, from where the configuration says, for as long as it lives.
///
/// Made and stopped by the control thread. The source has a thread of its own, on which it tells of
/// every change.
package final class IdentityProvider: Sendable {
  package enum Source: Sendable, Equatable {
    case files(SVIDFiles)
    case workloadAPI(WorkloadEndpoint)

    package var kind: Identity.Source {
      switch self {
      case .files: .files
      case .workloadAPI: .workloadAPI
      }
    }
  }

  package let state: IdentityState
  private let running: Running

  private enum Running: Sendable {
    case files(SVIDFileSource)
    case workloadAPI(Agent)
  }

  /// Starts the source and returns; the first identity comes later, or never.
  ///
  /// - Parameters:
  ///   - state: what others read, where that is there before the provider is; no other's.
  ///   - userAgent: what the agent is told about the program.
  ///   - change: called on the source's thread, one call after the other: with each identity that
  ///     takes effect, with nil once it is withdrawn. That one expires is not told here: whoever uses
  ///     it looks at `notAfter`.
  /// - Throws: where the files can't be watched at all, or there can be no thread.
  package init(
    _ source: Source, state given: IdentityState? = nil, userAgent: String, log: Logger,
    change: @escaping @Sendable (Identity?) -> Void
  ) throws(Errno) {
    let state = given ?? IdentityState(source: source.kind)
    self.state = state
    switch source {
    case .files(let files):
      running = .files(try SVIDFileSource(files, state: state, log: log, change: change))
    case .workloadAPI(let endpoint):
      let settings = WorkloadAPISettings(userAgent: userAgent)
      running = .workloadAPI(
        Agent(endpoint, settings: settings, state: state, log: log, change: change))
    }
  }

  /// With another pace than the API's, for tests.
  init(
    _ endpoint: WorkloadEndpoint, state: IdentityState, settings: WorkloadAPISettings, log: Logger,
    change: @escaping @Sendable (Identity?) -> Void
  ) {
    self.state = state
    running = .workloadAPI(
      Agent(endpoint, settings: settings, state: state, log: log, change: change))
  }

  /// Lets go of the source; nothing is told any more once this has returned.
  package func stop() {
    switch running {
    case .files(let source): source.stop()
    case .workloadAPI(let agent): agent.stop()
    }
  }

  /// Asks the agent for a token.
  ///
  /// - Parameters:
  ///   - audience: who is to accept it; at least one.
  ///   - id: whose it is; nil for the default identity.
  ///   - done: called once, on the source's thread; not at all where the provider is stopped before.
  package func fetchJWTSVID(
    audience: [String], id: SPIFFEID? = nil,
    done: @escaping @Sendable (Result<JWTSVID, JWTSVIDFailure>) -> Void
  ) {
    switch running {
    case .files: done(.failure(.noWorkloadAPI))
    case .workloadAPI(let agent): agent.fetchJWTSVID(audience: audience, id: id, done: done)
    }
  }
}

/// The Workload API's client and the thread that it runs on.
private final class Agent: Sendable {
  private let endpoint: WorkloadEndpoint
  private let settings: WorkloadAPISettings
  private let group: MultiThreadedEventLoopGroup
  private let loop: any EventLoop
  private let source: NIOLoopBoundBox<WorkloadSource?>
  /// Calls under way.
  private let fetches: NIOLoopBoundBox<[UInt64: JWTSVIDFetch]>
  private let fetchCount: NIOLoopBoundBox<UInt64>

  init(
    _ endpoint: WorkloadEndpoint, settings: WorkloadAPISettings, state: IdentityState,
    log: Logger, change: @escaping @Sendable (Identity?) -> Void
  ) {
    self.endpoint = endpoint
    self.settings = settings
    group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    loop = group.next()
    source = .makeBoxSendingValue(nil, eventLoop: loop)
    fetches = .makeBoxSendingValue([:], eventLoop: loop)
    fetchCount = .makeBoxSendingValue(0, eventLoop: loop)
    loop.execute { [source, loop] in
      let made = WorkloadSource(
        endpoint, settings: settings, on: loop, state: state, log: log, publish: change)
      source.value = made
      made.start()
    }
  }

  func stop() {
    // It fails only where the thread has ended already.
    try? loop.submit { [source, fetches] in
      source.value?.stop()
      source.value = nil
      fetches.value = [:]
    }.wait()
    try? group.syncShutdownGracefully()
  }

  func fetchJWTSVID(
    audience: [String], id: SPIFFEID?,
    done: @escaping @Sendable (Result<JWTSVID, JWTSVIDFailure>) -> Void
  ) {
    loop.execute { [endpoint, settings, loop, fetches, fetchCount] in
      let number = fetchCount.value
      fetchCount.value += 1
      fetches.value[number] = JWTSVIDFetch(
        audience: audience, id: id, at: endpoint, settings: settings, on: loop
      ) { result in
        fetches.value[number] = nil
        done(result)
      }
    }
  }
}
