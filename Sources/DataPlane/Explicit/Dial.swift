import Addressing
import Kernel
import Policy
import Telemetry

// Opening one connection to a target that may have many addresses (RFC 8305): the next address is
// tried when an attempt fails, or beside it when it takes long; the first to answer is used.
extension Worker {
  /// Tries the next address that the policy allows; where none is left and none under way, the
  /// request is answered with why.
  mutating func dialNext(_ explicit: ExplicitProxy, _ connection: inout Connection) {
    explicit.nextAttempt = nil
    while let address = explicit.plan.next() {
      guard let target = explicit.target else { break }
      let destination = target.destination(address)
      switch judge(destination, explicit, from: connection.source.endpoint.address) {
      case .deny(let denial):
        if explicit.refusal == nil { explicit.refusal = (denial, destination) }
      case .allow(let permit, let wouldDeny):
        guard let policy else { break }
        let noted = NotedVerdict(rule: permit.ruleIndex, wouldDeny: wouldDeny, of: policy)
        connection.record.note(noted)
        connection.machine.leads(to: destination)
        explicit.plan.noteAttempt()
        let serial = explicit.nextSerial()
        do {
          let side = try dial(permit, connection.id, serial: serial)
          explicit.attempts.append(
            DialAttempt(side, serial: serial, destination: destination, noted: noted))
        } catch {
          if error.isExhaustion {
            explicit.stopDialling()
            return connectFailed(error, &connection)
          }
          explicit.failure = error == .timedOut ? .timedOut : .unreachable
          continue
        }
        if explicit.plan.hasMore { explicit.nextAttempt = now + DialPlan.attemptDelay }
        return armDialling(explicit, &connection)
      }
    }
    guard explicit.attempts.isEmpty else { return armDialling(explicit, &connection) }
    explicit.stopDialling()
    if let failure = explicit.failure {
      upstreamFailed(failure == .timedOut ? .timedOut : .unreachable, &connection)
    } else if let refusal = explicit.refusal {
      connection.machine.leads(to: refusal.destination)
      refuse(refusal.denial, &connection)
    } else {
      upstreamFailed(.unreachable, &connection)
    }
  }

  /// Judges one address of the target. What would lead back to this process is refused whatever the
  /// policy says.
  private func judge(
    _ destination: OriginalDestination, _ explicit: ExplicitProxy, from source: IPAddress
  ) -> Verdict {
    if settings.leadsBack(destination, { $0.belongsToThisHost }) {
      return .deny(Denial(.loopDetected))
    }
    guard let policy else { return .deny(Denial(.policyUnavailable)) }
    return policy.decide(explicit.flow(to: destination), from: source, at: nil)
  }

  private mutating func armDialling(_ explicit: ExplicitProxy, _ connection: inout Connection) {
    let deadline = explicit.deadline
    arm(&connection, deadline: min(deadline, explicit.nextAttempt ?? deadline))
  }

  /// Time passed: for the attempt that was given a head start, or for all.
  mutating func diallingTookLong(_ explicit: ExplicitProxy, _ connection: inout Connection) {
    if now >= explicit.deadline {
      explicit.stopDialling()
      upstreamFailed(.timedOut, &connection)
    } else if let next = explicit.nextAttempt, now >= next {
      dialNext(explicit, &connection)
    } else {
      armDialling(explicit, &connection)
    }
  }

  /// The socket of an attempt has something to say.
  mutating func attemptReady(
    serial: UInt8, _ readiness: Readiness, _ connection: inout Connection
  ) {
    guard !connection.isReleased, let explicit = connection.explicit,
      let index = explicit.attempts.firstIndex(where: { $0.serial == serial })
    else { return }
    let attempt = explicit.attempts[index]
    attempt.side.note(readiness)
    guard attempt.side.isWritable else { return }
    if connection.client.isBroken { return reset(&connection, outcome: .clientGone) }
    explicit.attempts.remove(at: index)
    if let error = attempt.side.descriptor.pendingError() {
      explicit.failure = error == .timedOut ? .timedOut : .unreachable
      dialNext(explicit, &connection)
    } else {
      connected(attempt, explicit, &connection)
    }
    advance(&connection)
  }

  /// The first attempt to succeed; the others are closed.
  private mutating func connected(
    _ attempt: DialAttempt, _ explicit: ExplicitProxy, _ connection: inout Connection
  ) {
    noteConnected(by: explicit.deadline)
    explicit.attempts.removeAll()
    explicit.nextAttempt = nil
    swap(&connection.upstream, &attempt.side)
    connection.upstreamSerial = attempt.serial
    connection.machine.leads(to: attempt.destination)
    connection.record.note(attempt.noted)
    if explicit.isTunnel {
      explicit.open = nil
      openTunnel(explicit, &connection)
    } else {
      explicit.open = explicit.target.map { ($0, attempt.destination) }
      send(explicit, isReused: false, &connection)
    }
  }
}
