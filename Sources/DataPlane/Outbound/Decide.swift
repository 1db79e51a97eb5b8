import Addressing
import Kernel
import Policy
import Telemetry

extension Worker {
  /// Carries out what the connection's state machine asks for.
  mutating func perform(
    _ action: consuming OutboundConnection.Action, on connection: inout Connection
  ) {
    switch consume action {
    case .readMore:
      break
    case .decideWithoutPeeking(let destination):
      decideWithoutPeeking(destination, &connection)
    case .lookUp(let flow):
      perform(connection.machine.lookedUp(flow), on: &connection)
    case .decide(let flow):
      decide(flow, &connection)
    case .connect(let permit):
      connect(permit, &connection)
    case .relayOverTunnel(let permit):
      relay(overTunnelBy: permit, &connection)
    case .exchange:
      if connection.machine.isTunnel { beginRequests(inTunnelOf: &connection) }
      connection.record.applicationProtocol = .http
      connection.exchange.begin()
      arm(&connection, deadline: connection.record.startedAt + settings.limits.requestHead)
      exchange(&connection)
    case .relay:
      startRelay(&connection)
    case .deny(let denial):
      deny(denial, &connection)
    }
  }

  private mutating func decideWithoutPeeking(
    _ destination: OriginalDestination, _ connection: inout Connection
  ) {
    guard let policy else {
      perform(connection.machine.refused(.policyUnavailable), on: &connection)
      return
    }
    notePolicy(&connection)
    guard
      let verdict = policy.decideWithoutPeeking(
        destination, from: connection.source.endpoint.address, at: now.nanoseconds)
    else {
      perform(connection.machine.judgedWithoutPeeking(nil), on: &connection)
      return
    }
    counters.decisionTime.add(nanoseconds: now.since(connection.record.startedAt))
    let noted = note(verdict, by: policy, &connection.record)
    perform(connection.machine.judgedWithoutPeeking(noted), on: &connection)
  }

  private mutating func decide(_ flow: Flow, _ connection: inout Connection) {
    if case .tls = flow.content { connection.record.applicationProtocol = .tls }
    // A tunnel's record keeps what its CONNECT said.
    if let tunnel = connection.tunnel {
      tunnel.serverName = flow.name
    } else if let name = flow.name {
      connection.record.noteTexts(host: name.bytes, memory: &buffers)
    }
    guard let policy else {
      perform(connection.machine.refused(.policyUnavailable), on: &connection)
      return
    }
    notePolicy(&connection)
    let verdict = note(
      policy.decide(flow, from: connection.source.endpoint.address, at: now.nanoseconds),
      by: policy, &connection.record)
    // A tunnel's CONNECT was judged before.
    if !connection.machine.isTunnel {
      counters.decisionTime.add(nanoseconds: now.since(connection.record.startedAt))
    }
    perform(connection.machine.judged(verdict), on: &connection)
  }

  /// Enters in the open record whose allowlist is asked.
  func notePolicy(_ connection: inout Connection) {
    connection.record.policy = policyNumber(for: connection.source.endpoint.address)
  }

  /// Enters a verdict in the open record.
  ///
  /// - Parameter isRepeated: the rule's hit was counted before.
  func note(
    _ verdict: consuming Verdict, by policy: Ruleset, isRepeated: Bool = false,
    _ record: inout OpenRecord
  ) -> Verdict {
    switch consume verdict {
    case .allow(let permit, let wouldDeny):
      if !isRepeated, wouldDeny == nil, let rule = permit.ruleIndex { ruleHits?.count(rule) }
      record.note(NotedVerdict(rule: permit.ruleIndex, wouldDeny: wouldDeny, of: policy))
      return .allow(permit, wouldDeny: wouldDeny)
    case .deny(let denial):
      return .deny(denial)
    }
  }

  /// The mode in which a refusal is carried out that no rule has a mode of its own for.
  var enforcementMode: EnforcementMode { policy?.enforcementMode ?? .enforce }

  /// The same for what becomes of a connection: inbound rules are always enforced.
  func enforcementMode(of connection: borrowing Connection) -> EnforcementMode {
    connection.inbound == nil ? enforcementMode : .enforce
  }

  /// The mode that is written down beside a refusal.
  func enforcementMode(
    of denial: Denial, on connection: borrowing Connection
  ) -> EnforcementMode {
    denial.enforcementMode ?? enforcementMode(of: connection)
  }
}
