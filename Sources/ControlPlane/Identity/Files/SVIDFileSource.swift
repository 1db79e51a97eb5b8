internal import Kernel
internal import Logging

/// Files as the source of an identity, watched by a thread of its own.
final class SVIDFileSource: Sendable {
  private let stopping: WakeUp
  private let ended: WakeUp

  /// How long `stop` waits for a reading under way, in milliseconds.
  private static let patience: Int32 = 5000

  init(
    _ files: SVIDFiles, state: IdentityState, log: Logger,
    change: @escaping @Sendable (Identity?) -> Void
  ) throws(Errno) {
    stopping = try WakeUp()
    ended = try WakeUp()
    try Thread.start(name: "identity") { [self] in
      SVIDFileLoop.run(
        SVIDFileReloader(files, state: state, log: log, publish: change), files, stopping, log)
      ended.signal()
    }
  }

  func stop() {
    stopping.signal()
    ended.wait(milliseconds: Self.patience)
  }
}

/// What that thread does.
private struct SVIDFileLoop: ~Copyable {
  private enum Token: UInt64 { case stop, certificate, key, bundle }

  private let epoll: Epoll
  private var certificate: PathWatch
  private var key: PathWatch
  private var bundle: PathWatch
  private var settling = Settling()

  /// The clock is looked at for the SVID's end this often; it may be set in between.
  private static let expiryCheck: UInt64 = 10_000_000_000

  static func run(
    _ reloader: consuming SVIDFileReloader, _ files: SVIDFiles, _ stopping: borrowing WakeUp,
    _ log: Logger
  ) {
    var reloader = consume reloader
    do throws(Errno) {
      // Before the first reading: what changes after it is noticed.
      var loop = try SVIDFileLoop(files, stopping, log)
      reloader.check(at: Instant.wallClock())
      try loop.run(&reloader, files)
    } catch {
      log.warning(
        "the SVID's files are not watched, they are looked at now and then: \(error)",
        metadata: ["seconds": "\(files.checkInterval / 1_000_000_000)"])
      repeat {
        reloader.check(at: Instant.wallClock())
        reloader.checkExpiry(at: Instant.wallClock())
      } while !stopping.wait(
        milliseconds: Int32(clamping: files.checkInterval / 1_000_000))
    }
  }

  private init(
    _ files: SVIDFiles, _ stopping: borrowing WakeUp, _ log: Logger
  ) throws(Errno) {
    let epoll = try Epoll(capacity: 4)
    let certificate = try PathWatch(files.certificatePath)
    let key = try PathWatch(files.keyPath)
    let bundle = try PathWatch(files.bundlePath)
    try epoll.addLevelTriggered(stopping.descriptor, token: Token.stop.rawValue)
    try epoll.addLevelTriggered(certificate.descriptor, token: Token.certificate.rawValue)
    try epoll.addLevelTriggered(key.descriptor, token: Token.key.rawValue)
    try epoll.addLevelTriggered(bundle.descriptor, token: Token.bundle.rawValue)
    let blind = certificate.blind + key.blind + bundle.blind
    for directory in Set(blind.map(\.directory)).sorted() {
      log.notice("changes in \(directory) go unnoticed until the files are looked at again")
    }
    self.epoll = epoll
    self.certificate = certificate
    self.key = key
    self.bundle = bundle
  }

  /// Returns once it is to stop.
  private mutating func run(_ reloader: inout SVIDFileReloader, _ files: SVIDFiles) throws(Errno) {
    var nextCheck = Instant.now() + files.checkInterval
    var nextExpiryCheck = Instant.now()
    while true {
      let now = Instant.now()
      if nextExpiryCheck <= now {
        reloader.checkExpiry(at: Instant.wallClock())
        nextExpiryCheck = now + Self.expiryCheck
      }
      for index in 0..<(try epoll.wait(milliseconds: wait(min(nextCheck, nextExpiryCheck)))) {
        let change: PathWatch.Change?
        switch Token(rawValue: epoll.event(index).token) {
        case .stop: return
        case .certificate: change = try certificate.take()
        case .key: change = try key.take()
        case .bundle: change = try bundle.take()
        case nil: preconditionFailure("an event of a descriptor that nobody registered")
        }
        if let change { settling.note(change, at: .now()) }
      }
      let isDue = settling.takeDue(at: .now()) != nil
      if isDue || nextCheck <= .now() {
        reloader.check(at: Instant.wallClock())
        nextCheck = Instant.now() + files.checkInterval
      }
    }
  }

  private func wait(_ until: Instant) -> Int32 {
    let regular = Int32(clamping: (until.since(.now()) + 999_999) / 1_000_000)
    let settled = settling.wait(from: .now())
    return settled < 0 ? regular : min(settled, regular)
  }
}
