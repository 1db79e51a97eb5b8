package import Addressing
package import Kernel
package import Policy
package import Telemetry

/// The workers: they take redirected connections, decide, forward or refuse, and write down.
///
/// Made and steered by the control thread; every method may be called from any thread.
package final class DataPlane: Sendable {
  /// Why it can't start.
  package enum StartError: Error {
    case cannotListen(Endpoint, Errno)
    /// Transparent listeners need a capability that the process doesn't have.
    case cannotBeTransparent
    case cannotStart(Errno)
  }

  /// What goes wrong while it runs. Neither lets anything pass.
  package enum Failure: CustomStringConvertible, Sendable {
    /// Records wait, and once the queues are full new work waits with them or drops its own.
    case auditSink(AuditSink.Target, Errno)
    /// So many records, since the last time that this was said.
    case auditDropped(Int)
    /// The old file is still written to.
    case auditReopen(AuditSink.Target, AuditSink.OpenError)
    /// Its listeners are closed: its share of connections is refused.
    case worker(Int, Errno)

    package var description: String {
      switch self {
      case .auditSink(let target, let error):
        "audit records can't be written to \(target): \(error)"
      case .auditDropped(let count):
        "\(count) audit records were dropped: the sink did not keep up"
      case .auditReopen(let target, let error):
        "\(error.sentence(about: target)); the file that was open before is still written to"
      case .worker(let id, let error): "worker \(id) can't start: \(error)"
      }
    }
  }

  private let policy = PublishedPolicy()
  private let auditWriter: AuditWriter
  private let resolver: Resolver?
  private let mailboxes: [Mailbox]
  private let ended: [WakeUpBox]
  package let counters: [WorkerCounters]

  /// Listens and starts the workers. As long as no policy was published every connection is
  /// refused with `policy-unavailable`.
  ///
  /// - Parameters:
  ///   - policy: in force from the first connection on; nil where one is published later.
  ///   - inbound: goes with `policy`.
  ///   - identity: nil where there is none yet; see `publish(identity:)`.
  ///   - sink: gets the audit lines.
  ///   - denials: is given what is denied, beside the audit.
  ///   - reportFailure: called, on a thread of the data plane, for what goes wrong while it runs.
  package init(
    settings: DataPlaneSettings, policy: Ruleset?, inbound: InboundPolicy? = nil,
    identity: IdentitySnapshot? = nil, audit sink: consuming AuditSink,
    denials: DenialLog = DenialLog(),
    reportFailure: @escaping @Sendable (Failure) -> Void
  ) throws(StartError) {
    precondition(settings.workers >= 1)
    if let policy { self.policy.publish(policy, inbound: inbound) }
    if let identity { self.policy.publish(identity: identity) }
    let listeners = try Self.listen(settings)
    do {
      let target = sink.target
      auditWriter = try AuditWriter(workers: settings.workers) { event in
        switch event {
        case .failed(let error): reportFailure(.auditSink(target, error))
        case .dropped(let count): reportFailure(.auditDropped(count))
        case .cannotReopen(let error): reportFailure(.auditReopen(target, error))
        }
      }
      resolver = settings.explicitProxy ? try Resolver() : nil
      var mailboxes: [Mailbox] = []
      var ended: [WakeUpBox] = []
      for _ in 0..<settings.workers {
        mailboxes.append(try Mailbox())
        ended.append(WakeUpBox(try WakeUp()))
      }
      self.mailboxes = mailboxes
      self.ended = ended
      counters = (0..<settings.workers).map { _ in WorkerCounters() }
      try auditWriter.start(writingTo: sink)
      for id in 0..<settings.workers {
        let (mailbox, end, counters) = (mailboxes[id], ended[id], counters[id])
        let (policy, auditWriter, own) = (self.policy, auditWriter, Handover(listeners[id]))
        let resolver = resolver
        try Thread.start(name: "worker-\(id)") {
          do throws(Errno) {
            var worker = try Worker(
              id: id, settings: settings, listeners: own.take(), mailbox: mailbox,
              published: policy, auditWriter: auditWriter, counters: counters,
              denials: denials, resolver: resolver)
            worker.run()
          } catch {
            // Its listeners close with it, so its share of connections is refused.
            reportFailure(.worker(id, error))
          }
          end.wakeUp.signal()
        }
      }
    } catch {
      throw .cannotStart(error)
    }
  }

  /// Puts a policy in force. Decisions from the next batch of events on are made by it.
  ///
  /// - Parameters:
  ///   - options: take effect with it; nil leaves those in force.
  ///   - inbound: who is admitted from outside, together with it; nil admits nobody.
  ///   - rechecks: whether connections that are open are judged by it too, and reset where it
  ///     doesn't allow them.
  package func publish(
    _ ruleset: Ruleset, options: EgressOptions? = nil, inbound: InboundPolicy? = nil,
    rechecks: Bool = false
  ) {
    policy.publish(ruleset, options: options, inbound: inbound, rechecks: rechecks)
    for mailbox in mailboxes { mailbox.wakeUp.signal() }
  }

  /// Has handshakes from the next batch of events on made with this identity; connections that are
  /// open keep theirs. Nil: it is withdrawn, and nothing that needs one is accepted.
  package func publish(identity: IdentitySnapshot?) {
    policy.publish(identity: identity)
    for mailbox in mailboxes { mailbox.wakeUp.signal() }
  }

  /// Opens the audit's file anew, for it may have been renamed. Records go to the one or the other.
  package func reopenAudit() { auditWriter.reopen() }

  /// Bytes of audit lines that wait for the writer, and for how many there is room. Any thread.
  package var auditBacklog: (bytes: Int, capacity: Int) {
    (
      auditWriter.queues.reduce(0) { $0 + $1.depth },
      auditWriter.queues.count * AuditQueue.capacity
    )
  }

  /// Stops accepting and lets what is under way end.
  package func drain() {
    for mailbox in mailboxes { mailbox.ask(for: .draining) }
  }

  /// Closes everything at once; each open record is written as `shutdown`.
  package func stop() {
    for mailbox in mailboxes { mailbox.ask(for: .stopping) }
  }

  /// After `drain` or `stop`: waits until worker `id` has ended.
  ///
  /// - Returns: false where `milliseconds` passed first.
  package func waitForWorker(_ id: Int, milliseconds: Int32) -> Bool {
    guard ended[id].wakeUp.wait(milliseconds: milliseconds) else { return false }
    ended[id].wakeUp.signal()
    return true
  }

  /// Once all workers have ended: writes what is left of the audit.
  package func finishAudit(milliseconds: Int32) -> Bool {
    resolver?.close()
    return auditWriter.finish(milliseconds: milliseconds)
  }

  /// One set of listeners for each worker; the kernel spreads connections over them.
  private static func listen(_ settings: DataPlaneSettings) throws(StartError) -> [[Listener]] {
    var available: [(endpoint: Endpoint, direction: AuditRecord.Direction)] = []
    for (endpoint, direction) in settings.allListeners {
      let transparent = settings.isTransparent(direction)
      do {
        // A socket that doesn't share finds out whether anyone else listens: one that shares would
        // silently divide the port with another process of the same uid.
        _ = try Descriptor.listening(on: endpoint, sharing: false, transparent: transparent)
        available.append((endpoint, direction))
      } catch {
        if transparent, error == .notPermitted { throw .cannotBeTransparent }
        // A host without IPv6 has no [::1]; what would be redirected there is refused.
        if case .v6 = endpoint.address, error.meansNoSuchAddress, settings.allListeners.count > 1 {
          continue
        }
        throw .cannotListen(endpoint, error)
      }
    }
    var sets: [[Listener]] = []
    for _ in 0..<settings.workers {
      var set: [Listener] = []
      for (endpoint, direction) in available {
        do {
          set.append(
            try Listener(
              endpoint, direction, sharing: true, transparent: settings.isTransparent(direction)))
        } catch {
          throw .cannotListen(endpoint, error)
        }
      }
      sets.append(set)
    }
    return sets
  }

  private final class WakeUpBox: Sendable {
    let wakeUp: WakeUp
    init(_ wakeUp: consuming WakeUp) { self.wakeUp = wakeUp }
  }
}
