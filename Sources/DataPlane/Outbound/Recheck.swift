import Addressing
import Kernel
import Policy
import Telemetry

// `onReload: recheck`: what is under way is judged once more, by the policy that has just taken
// effect, as what it was judged when it began.
extension Worker {
  /// Connections that are judged again in one batch, so that traffic goes on meanwhile.
  private static let rechecksPerBatch = 256

  /// Goes on with judging connections again, if that was asked for.
  mutating func recheck() {
    guard slotsToRecheck > 0, let policy else { return }
    for _ in 0..<min(slotsToRecheck, Self.rechecksPerBatch) {
      // Slots that come meanwhile are those of connections that the policy in force judges anyway.
      let slot = nextRecheck < slab.slotCount ? nextRecheck : 0
      nextRecheck = slot + 1
      slotsToRecheck -= 1
      let form = slab.form(at: slot)
      // Nothing is under way between two requests.
      guard form != .parked, let reference = find(slot: slot), !reference.connection.isReleased
      else { continue }
      if let denial = denial(of: reference.connection, by: policy) {
        cut(denial, &reference.connection)
      } else if let explicit = reference.connection.explicit, !explicit.attempts.isEmpty {
        recheckAttempts(explicit, policy, &reference.connection)
      } else if form == .parkedRelay {
        park(UInt32(slot))
      }
    }
  }

  /// Why a connection would be refused by `policy`; nil where it may go on, or nothing of it was
  /// judged yet. What monitor mode lets pass goes on.
  private func denial(of connection: borrowing Connection, by policy: Ruleset) -> Denial? {
    guard !connection.isLingering else { return nil }
    switch connection.exchange.state {
    case .off, .connecting, .forwarding: break
    // The next request is judged by itself, what is looked up once its address is known.
    case .idle, .readingHead, .resolving, .answering: return nil
    }
    if let inbound = connection.inbound { return denial(of: inbound, connection) }
    if connection.machine.isTunnel, let explicit = connection.explicit,
      let destination = connection.machine.destination,
      let denial = policy.denial(of: explicit.flow(to: destination), from: connection.source)
    {
      return denial
    }
    guard let flow = flowUnderWay(connection) else { return nil }
    return policy.denial(of: flow, from: connection.source)
  }

  /// The flow by which the connection, or the request on it, was allowed.
  private func flowUnderWay(_ connection: borrowing Connection) -> Flow? {
    switch connection.exchange.state {
    case .forwarding:
      return requestFlow(connection)
    case .connecting:
      // One to the proxy is judged again for the address that it reaches.
      return connection.asksProxy == nil ? requestFlow(connection) : nil
    case .off, .idle, .readingHead, .resolving, .answering:
      break
    }
    // A request after which the protocol changed.
    if connection.machine.state == .exchanging { return requestFlow(connection) }
    guard connection.machine.state == .connecting || connection.machine.state == .relaying,
      let content = connection.machine.judgedAs.content,
      let destination = connection.machine.destination
    else { return nil }
    return Flow(destination: destination, name: nameUnderWay(connection), content: content)
  }

  /// The name by which a connection that is no HTTP was allowed.
  private func nameUnderWay(_ connection: borrowing Connection) -> HostName? {
    switch connection.machine.judgedAs {
    case .tls, .tlsWithEncryptedHello:
      if let tunnel = connection.tunnel { return tunnel.serverName }
      return try? HostName(flowBytes: connection.record.host)
    case .opaqueByTunnel, .silentByTunnel:
      return connection.tunnel?.name
    case .nothing, .unseen, .opaque, .silent:
      return nil
    }
  }

  /// Ends what is no longer allowed. Where nothing has left yet it is told as any refusal is; after
  /// that only a reset makes sure that neither side takes what it got for the whole.
  private mutating func cut(_ denial: Denial, _ connection: inout Connection) {
    if connection.exchange.state == .connecting {
      return refuse(denial, &connection)
    }
    if let inbound = connection.inbound, inbound.machine.state == .connecting {
      connection.isConnecting = false
      connection.upstream.close()
      return perform(inbound.machine.judged(.deny(denial)), of: inbound, on: &connection)
    }
    if connection.machine.state == .connecting {
      connection.isConnecting = false
      connection.upstream.close()
      return perform(connection.machine.judged(.deny(denial)), on: &connection)
    }
    connection.record.noteDenied(
      denial.reason, enforced: true, mode: enforcementMode(of: denial, on: connection))
    reset(&connection, outcome: .denied)
  }

  /// A request to the proxy whose connections are still being opened: those that lead where it may
  /// not go any more are given up.
  private mutating func recheckAttempts(
    _ explicit: ExplicitProxy, _ policy: Ruleset, _ connection: inout Connection
  ) {
    var kept: [DialAttempt] = []
    for attempt in explicit.attempts {
      let flow = explicit.flow(to: attempt.destination)
      if let denial = policy.denial(of: flow, from: connection.source) {
        if explicit.refusal == nil { explicit.refusal = (denial, attempt.destination) }
      } else {
        kept.append(attempt)
      }
    }
    guard kept.count < explicit.attempts.count else { return }
    explicit.attempts = kept
    // The rest of the addresses is judged by the policy in force anyway.
    if kept.isEmpty { dialNext(explicit, &connection) }
  }
}

extension Ruleset {
  /// Why `flow` would be refused, without counting it as a connection or request.
  fileprivate func denial(of flow: Flow, from source: ClientAddress) -> Denial? {
    switch decide(flow, from: source.endpoint.address, at: nil) {
    case .allow: nil
    case .deny(let denial): denial
    }
  }
}
