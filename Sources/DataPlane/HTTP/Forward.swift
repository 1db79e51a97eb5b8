import Kernel
import Policy
import Telemetry

// A request and its response under way between workload and destination.
extension Worker {
  /// Moves request and response on.
  ///
  /// - Returns: true where the exchange reached another state.
  mutating func forward(_ connection: inout Connection) -> Bool {
    var again = false
    if !connection.exchange.requestEnded {
      switch pump(
        &connection.sent, from: &connection.client, to: &connection.upstream,
        surplus: &connection.held)
      {
      case .waiting: break
      case .budgetSpent: again = true
      case .complete:
        if let done = follow(connection.exchange.endedRequest(), &connection) { return done }
      case .ended, .sourceFailed:
        reset(&connection, outcome: .clientGone)
        return false
      case .malformed:
        // Part of it is forwarded; the upstream must not take what came for the whole.
        connection.upstream.descriptor.resetOnClose()
        if connection.exchange.responseBegan {
          reset(&connection, outcome: .clientGone)
        } else {
          answer(fault: 400, reason: .malformedRequest, &connection)
        }
        return false
      case .destinationFailed:
        // It takes no more of the request; its answer may still be there to read.
        connection.exchange.closeAfterThis()
        connection.sent.pending.release()
        discardPipe(&connection.sent)
        connection.sent.meter = .complete
        if let done = follow(connection.exchange.endedRequest(), &connection) { return done }
      }
    }
    var reads = 0
    while connection.exchange.response == .awaitingHead, connection.upstream.isReadable {
      // First what is on its way already; the client's readiness will tell.
      if let blocked = flush(&connection.received, to: &connection.client) {
        if blocked == .waiting { break }
        reset(&connection, outcome: .clientGone)
        return false
      }
      guard reads < Self.readsPerTurn else {
        again = true
        break
      }
      reads += 1
      switch readResponseHead(&connection) {
      case .waiting: break
      case .ended: return false
      case .found: break
      case .becameTunnel: return true
      }
    }
    if connection.exchange.response == .body {
      var surplus = ByteBuffer()
      switch pump(
        &connection.received, from: &connection.upstream, to: &connection.client,
        surplus: &surplus)
      {
      case .waiting: break
      case .budgetSpent: again = true
      case .complete:
        // Bytes that belong to no response: the connection they came on is not used again.
        if !surplus.isEmpty { connection.upstream.hasHungUp = true }
        if let done = follow(connection.exchange.endedResponse(), &connection) { return done }
      case .ended:
        guard case .untilEnd = connection.received.meter else {
          reset(&connection, outcome: .upstreamFailed)
          return false
        }
        connection.exchange.closeAfterThis()
        if let done = follow(connection.exchange.endedResponse(), &connection) { return done }
      case .sourceFailed, .malformed:
        reset(&connection, outcome: .upstreamFailed)
        return false
      case .destinationFailed:
        reset(&connection, outcome: .clientGone)
        return false
      }
    }
    // A client that has finished sending may have left altogether: that looks the same.
    let isHalfClosed = connection.client.hasHungUp && connection.exchange.requestEnded
    arm(
      &connection,
      deadline: now + (isHalfClosed ? settings.limits.halfClosed : settings.limits.idle))
    if again { queue(&connection) }
    return false
  }

  /// - Returns: nil where the other half is still under way; else whether the exchange goes on.
  private mutating func follow(
    _ next: HTTPExchange.Next, _ connection: inout Connection
  ) -> Bool? {
    switch next {
    case .goOn:
      return nil
    case .nextRequest:
      writeRecord(&connection, outcome: .completed)
      if isDraining {
        linger(&connection)
        return false
      }
      connection.exchange.reset()
      arm(&connection, deadline: now + settings.limits.keepAlive)
      return true
    case .close:
      writeRecord(&connection, outcome: .completed)
      linger(&connection)
      return false
    }
  }
}
