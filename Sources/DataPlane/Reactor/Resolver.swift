import Addressing
import Kernel
import Synchronization

/// What looking a name up came to.
enum Resolution: Sendable, Equatable {
  /// At least one, as the system orders them.
  case addresses([IPAddress])
  /// It has no address, or nobody could say.
  case failed
}

/// Looks names up for all workers, on threads of its own: the system's look-up blocks.
///
/// A name is looked up once however many wait for it, and its answer is kept for a short while. What
/// happens between threads stands under one lock, which is never held during a look-up.
final class Resolver: Sendable {
  /// A name that is slow holds up a thread: so many may be, before others have to wait.
  static let defaultThreads = 4
  /// Names that wait for a thread. More than that is a flood; they fail at once.
  static let queueLimit = 1024
  /// Connections that wait for an answer, those included that have given up since. Each stays until
  /// its name is looked up, which can take minutes where name servers are silent.
  static let waiterLimit = 8192
  /// Names whose answers are kept: with the longest of names about a megabyte.
  static let cacheLimit = 4096
  /// The system's look-up doesn't tell how long an answer is good for. Ten seconds spare a burst of
  /// connections most of its look-ups, and no common lifetime of a record is shorter.
  static let positiveLifetime: UInt64 = 10 * DataPlaneSettings.Limits.second
  /// Long enough for a loop that tries again, short enough for a name that was just made.
  static let negativeLifetime: UInt64 = 2 * DataPlaneSettings.Limits.second

  /// A connection that waits for an answer.
  struct Waiter: Sendable {
    var mailbox: Mailbox
    var connection: ConnectionID
    /// Its request's number: the answer to an earlier one finds nothing.
    var request: UInt32
    /// Nobody waits for the answer any more.
    var deadline: Instant
  }

  fileprivate struct State {
    var cache: [HostName: (resolution: Resolution, expires: Instant)] = [:]
    /// Every name that is queued or being looked up, and who waits for it.
    var waiters: [HostName: [Waiter]] = [:]
    var waiterCount = 0
    /// When those who gave up are looked for once more: a walk over all.
    var looksAgainAt = Instant(nanoseconds: 0)
    var queue: [HostName] = []
    var isClosed = false
  }

  private let state = Mutex(State())
  private let work: WakeUp
  private let lookUp: @Sendable (HostName) -> Resolution

  /// - Parameter lookUp: called on the resolver's threads; may block.
  init(
    threads: Int = defaultThreads,
    lookUp: @escaping @Sendable (HostName) -> Resolution = Resolver.askSystem
  ) throws(Errno) {
    work = try WakeUp()
    self.lookUp = lookUp
    for index in 0..<threads {
      try Thread.start(name: "resolver-\(index)") { [self] in run() }
    }
  }

  /// The name's addresses, where they are known; else nil, and the waiter's mailbox gets them.
  func resolve(_ name: HostName, for waiter: Waiter, now: Instant) -> Resolution? {
    let (known, isNew): (Resolution?, Bool) = state.withLock { state in
      if let entry = state.cache[name] {
        if entry.expires > now { return (entry.resolution, false) }
        state.cache[name] = nil
      }
      if state.waiterCount >= Self.waiterLimit, now >= state.looksAgainAt {
        state.forgetLate(at: now)
        state.looksAgainAt = now + DataPlaneSettings.Limits.second
      }
      guard state.waiterCount < Self.waiterLimit else { return (.failed, false) }
      if state.waiters[name] != nil {
        state.waiters[name]?.append(waiter)
        state.waiterCount += 1
        return (nil, false)
      }
      guard state.queue.count < Self.queueLimit, !state.isClosed else { return (.failed, false) }
      state.waiters[name] = [waiter]
      state.waiterCount += 1
      state.queue.append(name)
      return (nil, true)
    }
    if isNew { work.signal() }
    return known
  }

  /// Ends the threads, each after the look-up it is in.
  func close() {
    state.withLock { $0.isClosed = true }
    work.signal()
  }

  private func run() {
    while true {
      let (name, isClosed) = take(at: Instant.now())
      if isClosed { return work.signal() }
      guard let name else {
        work.wait()
        continue
      }
      finish(name, lookUp(name), at: Instant.now())
    }
  }

  /// The next name that somebody still waits for.
  private func take(at now: Instant) -> (HostName?, isClosed: Bool) {
    let (name, isClosed, hasMore) = state.withLock { state -> (HostName?, Bool, Bool) in
      if state.isClosed { return (nil, true, false) }
      while !state.queue.isEmpty {
        let name = state.queue.removeFirst()
        state.forgetLate(for: name, at: now)
        if state.waiters[name]?.isEmpty == false { return (name, false, !state.queue.isEmpty) }
        state.waiters[name] = nil
      }
      return (nil, false, false)
    }
    // One signal may have stood for several names.
    if hasMore { work.signal() }
    return (name, isClosed)
  }

  private func finish(_ name: HostName, _ resolution: Resolution, at now: Instant) {
    let waiters = state.withLock { state in
      state.keep(resolution, for: name, at: now)
      let waiters = state.waiters.removeValue(forKey: name) ?? []
      state.waiterCount -= waiters.count
      return waiters
    }
    for waiter in waiters {
      waiter.mailbox.deliver(
        Answer(connection: waiter.connection, request: waiter.request, resolution: resolution))
    }
  }

  /// An answer on its way to the connection that waits for it.
  struct Answer: Sendable {
    var connection: ConnectionID
    var request: UInt32
    var resolution: Resolution
  }
}

extension Resolver.State {
  /// Drops who no longer waits. The names stay: a thread finds those that nobody waits for.
  fileprivate mutating func forgetLate(at now: Instant) {
    for name in waiters.keys { forgetLate(for: name, at: now) }
  }

  fileprivate mutating func forgetLate(for name: HostName, at now: Instant) {
    guard let before = waiters[name]?.count else { return }
    waiters[name]?.removeAll { $0.deadline <= now }
    waiterCount -= before - (waiters[name]?.count ?? 0)
  }

  fileprivate mutating func keep(_ resolution: Resolution, for name: HostName, at now: Instant) {
    if cache.count >= Resolver.cacheLimit {
      cache = cache.filter { $0.value.expires > now }
      if cache.count >= Resolver.cacheLimit,
        let soonest = cache.min(by: { $0.value.expires < $1.value.expires })
      {
        cache[soonest.key] = nil
      }
    }
    let lifetime =
      resolution == .failed ? Resolver.negativeLifetime : Resolver.positiveLifetime
    cache[name] = (resolution, now + lifetime)
  }
}

extension Resolver {
  /// The system's answer. A name with a dot is asked for as it is before any search domain is tried
  /// on it, so that none can take it over; then as it was given, which finds short names of a
  /// cluster and what `/etc/hosts` has.
  static func askSystem(_ name: HostName) -> Resolution {
    let text = name.description
    if text.contains("."), let addresses = try? NameLookUp.addresses(of: text + ".") {
      return .addresses(addresses)
    }
    if let addresses = try? NameLookUp.addresses(of: text) { return .addresses(addresses) }
    return .failed
  }
}
