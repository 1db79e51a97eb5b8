import Kernel
import Policy
import Telemetry

// A request and its response under way between workload and destination.
extension Worker {
  /// How far one half of an exchange got.
  private enum Half {
    /// Its sockets will tell when it goes on.
    case waiting
    /// It used up its turn.
    case budgetSpent
    /// The exchange is over, or another request's turn has come: then it goes on.
    case ended(goesOn: Bool)
  }

  /// Moves request and response on.
  ///
  /// - Returns: true where the exchange reached another state.
  mutating func forward(_ connection: inout Connection) -> Bool {
    var again = false
    if !connection.exchange.requestEnded {
      switch forwardRequest(&connection) {
      case .waiting: break
      case .budgetSpent: again = true
      case .ended(let goesOn): return goesOn
      }
    }
    switch forwardResponse(&connection) {
    case .waiting: break
    case .budgetSpent: again = true
    case .ended(let goesOn): return goesOn
    }
    arm(&connection, deadline: now + longestSilence(in: connection))
    if again { queue(&connection) }
    return false
  }

  private func longestSilence(in connection: borrowing Connection) -> UInt64 {
    // The answer came early, and what is left of the request may never come.
    if connection.exchange.response == .ended { return settings.limits.keepAlive }
    // A client that has finished sending may have left altogether: that looks the same.
    let isHalfClosed = connection.client.hasHungUp && connection.exchange.requestEnded
    return isHalfClosed ? settings.limits.halfClosed : settings.limits.idle
  }

  private mutating func forwardRequest(_ connection: inout Connection) -> Half {
    switch pump(
      &connection.sent, from: &connection.client, to: &connection.upstream,
      surplus: &connection.held, kept: &connection.kept)
    {
    case .waiting: return .waiting
    case .budgetSpent: return .budgetSpent
    case .complete:
      return follow(connection.exchange.endedRequest(), &connection)
    case .ended, .sourceFailed:
      reset(&connection, outcome: .clientGone)
      return .ended(goesOn: false)
    case .malformed:
      // Part of it is forwarded; the upstream must not take what came for the whole.
      connection.upstream.resetOnClose()
      if connection.exchange.responseBegan {
        reset(&connection, outcome: .clientGone)
      } else {
        answer(fault: 400, reason: .malformedRequest, &connection)
      }
      return .ended(goesOn: false)
    case .destinationFailed:
      if connection.sent.delivered == 0, retry(&connection) { return .ended(goesOn: true) }
      // What is left of the body is lost here, so it can't go anywhere else.
      if !connection.sent.meter.isComplete { forgetRequest(&connection) }
      // It takes no more of the request; its answer may still be there to read.
      connection.exchange.closeAfterThis()
      connection.sent.pending.release()
      discardPipe(&connection.sent)
      connection.sent.meter = .complete
      return follow(connection.exchange.endedRequest(), &connection)
    }
  }

  private mutating func forwardResponse(_ connection: inout Connection) -> Half {
    var reads = 0
    while connection.exchange.response == .awaitingHead, connection.upstream.isReadable {
      // First what is on its way already; the client's readiness will tell.
      if let blocked = flush(&connection.received, to: &connection.client) {
        if blocked == .waiting { return .waiting }
        reset(&connection, outcome: .clientGone)
        return .ended(goesOn: false)
      }
      guard reads < Self.readsPerTurn else { return .budgetSpent }
      reads += 1
      switch readResponseHead(&connection) {
      case .waiting, .found: break
      case .ended: return .ended(goesOn: false)
      case .becameTunnel: return .ended(goesOn: true)
      }
    }
    return connection.exchange.response == .body ? forwardResponseBody(&connection) : .waiting
  }

  private mutating func forwardResponseBody(_ connection: inout Connection) -> Half {
    var surplus = ByteBuffer()
    var kept = ByteBuffer()
    switch pump(
      &connection.received, from: &connection.upstream, to: &connection.client,
      surplus: &surplus, kept: &kept)
    {
    case .waiting: return .waiting
    case .budgetSpent: return .budgetSpent
    case .complete:
      // Bytes that belong to no response: the connection they came on is not used again.
      if !surplus.isEmpty { connection.upstream.spoil() }
      return follow(connection.exchange.endedResponse(), &connection)
    case .ended:
      guard case .untilEnd = connection.received.meter else {
        reset(&connection, outcome: .upstreamFailed)
        return .ended(goesOn: false)
      }
      connection.exchange.closeAfterThis()
      return follow(connection.exchange.endedResponse(), &connection)
    case .sourceFailed, .malformed:
      reset(&connection, outcome: .upstreamFailed)
      return .ended(goesOn: false)
    case .destinationFailed:
      reset(&connection, outcome: .clientGone)
      return .ended(goesOn: false)
    }
  }

  /// What the end of one half means for the exchange.
  private mutating func follow(
    _ next: HTTPExchange.Next, _ connection: inout Connection
  ) -> Half {
    switch next {
    case .goOn:
      return .waiting
    case .nextRequest:
      writeRecord(&connection, outcome: .completed)
      if isDraining {
        linger(&connection)
        return .ended(goesOn: false)
      }
      connection.exchange.reset()
      armToRest(&connection, deadline: now + settings.limits.keepAlive)
      return .ended(goesOn: true)
    case .close:
      writeRecord(&connection, outcome: .completed)
      linger(&connection)
      return .ended(goesOn: false)
    }
  }
}
