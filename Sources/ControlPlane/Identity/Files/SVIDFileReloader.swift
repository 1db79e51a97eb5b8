internal import Kernel
internal import Logging

/// Takes an identity from files, and another one once they have changed. Files with anything wrong in
/// them change nothing. Used by one thread.
struct SVIDFileReloader {
  private let files: SVIDFiles
  private let state: IdentityState
  private let log: Logger
  private let publish: (Identity?) -> Void
  /// Of the last reading, whatever came of it.
  private var versions: [SecretFile.Version?] = []

  /// - Parameter publish: called with each identity that takes effect.
  init(
    _ files: SVIDFiles, state: IdentityState, log: Logger, publish: @escaping (Identity?) -> Void
  ) {
    self.files = files
    self.state = state
    self.log = log
    self.publish = publish
  }

  /// Reads the files where they are not those of the last time. Blocks for as long as that takes.
  ///
  /// - Parameter time: nanoseconds since the Unix epoch.
  mutating func check(at time: UInt64) {
    let versions = files.versions()
    guard versions != self.versions else { return }
    self.versions = versions
    do throws(IdentityFailure) {
      let identity = try SVIDFileSet(files).identity(at: time)
      takeEffect(identity)
    } catch {
      // Nobody knows what they were: the next look reads them, changed or not.
      if error == .unsettled { self.versions = [] }
      failed(error.sentence, at: time)
    }
  }

  private func takeEffect(_ identity: Identity) {
    state.took(identity)
    log.info("an identity took effect", metadata: identity.logged)
    publish(identity)
  }

  private func failed(_ sentence: String, at time: UInt64) {
    let isNews = state.failed(sentence, at: time, isConnected: true)
    let kept =
      state.now.identity == nil
      ? "there is no identity" : "the identity before stays in force"
    log.log(
      level: isNews ? .error : .debug, "the SVID's files: \(sentence); \(kept)",
      metadata: ["certificate": "\(files.certificatePath)", "key": "\(files.keyPath)"])
  }

  /// Says so once where the identity has expired by now.
  func checkExpiry(at time: UInt64) {
    if state.takeExpiry(at: time) {
      log.critical("the SVID has expired: nothing is accepted or presented with it any more")
    }
  }
}
