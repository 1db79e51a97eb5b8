package import Configuration
package import Kernel
package import Logging
internal import Policy

/// Puts a changed document in force while everything runs. A document with anything wrong in it
/// changes nothing.
///
/// Used by the control thread; what others may know is in `PolicyInForce` and `ReloadStatus`.
package struct PolicyReloader {
  /// Why the document is read.
  package enum Cause: Equatable {
    /// Somebody asked: it takes effect even where its text is the one in force.
    case request
    /// Something happened to the file; the same text as the last time is no news.
    case change(PathWatch.Change)

    /// A file that was written where it is may be the beginning of one: by a writer that rests, has
    /// died, or found the disk full. (What is moved into place is whole.)
    fileprivate var mayBeCutOff: Bool {
      switch self {
      case .request, .change(.movedIntoPlace): false
      case .change(.closed), .change(.underWay): true
      }
    }
  }

  /// Diagnostics that are logged of one document.
  private static let loggedDiagnostics = 50

  private let path: String
  private let started: Document
  private let inForce: PolicyInForce
  private let status: ReloadStatus
  private let log: Logger
  private let publish: (PolicyInForce.Snapshot) -> Void
  /// Of the text in force.
  private var current: Fingerprint
  /// What the last reading came to.
  private var last: Reading

  private enum Reading: Equatable {
    case text(Fingerprint)
    case failed(ConfigurationFailure)
  }

  /// - Parameters:
  ///   - path: of the document, as it was given at the start.
  ///   - started: what the process was started with; its rules don't matter.
  ///   - fingerprint: of that document's text.
  ///   - publish: puts a policy in force everywhere; called with what has just taken effect.
  package init(
    path: String, started: Document, fingerprint: Fingerprint, inForce: PolicyInForce,
    status: ReloadStatus, log: Logger,
    publish: @escaping (PolicyInForce.Snapshot) -> Void
  ) {
    self.path = path
    self.started = started
    current = fingerprint
    last = .text(fingerprint)
    self.inForce = inForce
    self.status = status
    self.log = log
    self.publish = publish
  }

  /// Reads the document and lets it take effect. Blocks for as long as that takes.
  package mutating func reload(_ cause: Cause) {
    log.debug("reading the configuration", metadata: ["cause": "\(cause)"])
    do throws(ConfigurationFailure) {
      let bytes = try Document.read(path: path)
      let fingerprint = Fingerprint(of: bytes)
      if cause != .request {
        if last == .text(fingerprint) { return }
        if current == fingerprint { return returned() }
      }
      last = .text(fingerprint)
      let loaded = try Document.parse(bytes, file: path)
      // Half a line can be valid, and mean more than the whole: a port's first digits, a name without
      // what would narrow it.
      guard !cause.mayBeCutOff || bytes.last == UInt8(ascii: "\n") else { return cutOff() }
      current = fingerprint
      takeEffect(loaded)
    } catch {
      failed(error, cause)
    }
  }

  private func takeEffect(_ loaded: Loaded) {
    for warning in loaded.warnings { log.warning("\(warning)") }
    let snapshot = inForce.change(to: loaded.document)
    publish(snapshot)
    let needed = RestartKeys.changed(from: started, to: loaded.document)
    for key in needed {
      log.warning("\(key) has changed, which only a restart brings into force")
    }
    status.succeeded(at: Instant.wallClock(), restartNeeded: needed)
    log.info(
      "the configuration took effect",
      metadata: [
        "generation": "\(status.now.generation)", "rules": "\(snapshot.ruleset.ruleCount)",
        "enforcementMode": "\(snapshot.document.enforcementMode)",
      ])
  }

  /// After a text that changed nothing the one in force is back.
  private mutating func returned() {
    last = .text(current)
    status.stayed(at: Instant.wallClock())
    log.info("the configuration is again the one in force")
  }

  private func cutOff() {
    let sentence =
      "\(path): the text doesn't end with a line end, as if it were cut off; SIGHUP takes it as it is"
    log.error("\(sentence)")
    log.error("the configuration changed nothing, the one before stays in force")
    status.failed(at: Instant.wallClock(), sentence)
  }

  private mutating func failed(_ failure: ConfigurationFailure, _ cause: Cause) {
    if case .invalid = failure {
    } else {
      // An unreadable file has no text to tell it by.
      if cause != .request, last == .failed(failure) { return }
      last = .failed(failure)
    }
    let sentences = failure.description.split(separator: "\n").map(String.init)
    for sentence in sentences.prefix(Self.loggedDiagnostics) { log.error("\(sentence)") }
    let more = sentences.count - 1
    log.error(
      "the configuration changed nothing, the one before stays in force",
      metadata: ["errors": "\(sentences.count)"])
    status.failed(
      at: Instant.wallClock(), more == 0 ? sentences[0] : "\(sentences[0]) (and \(more) more)")
  }
}
