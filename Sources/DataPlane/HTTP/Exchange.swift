import Kernel
import Telemetry
import Wire

// HTTP/1: requests are read, judged and forwarded one by one.
extension Worker {
  /// Goes on with whatever the exchange waits for, as far as bytes and room allow.
  mutating func exchange(_ connection: inout Connection) {
    for _ in 0..<Self.requestsPerTurn {
      let goesOn: Bool
      switch connection.exchange.state {
      case .idle, .readingHead: goesOn = readRequest(&connection)
      case .resolving, .connecting: goesOn = false
      case .forwarding: goesOn = forward(&connection)
      case .answering: goesOn = finishAnswer(&connection)
      case .off: return relay(&connection)
      }
      if !goesOn || connection.isReleased || connection.isLingering { return }
    }
    queue(&connection)
  }

  /// Goes on to the next request once the answer that was made here is sent.
  private mutating func finishAnswer(_ connection: inout Connection) -> Bool {
    switch flush(&connection.received, to: &connection.client) {
    case nil: break
    case .waiting: return false
    default: return endQuietly(&connection, reason: nil)
    }
    if isDraining {
      linger(&connection)
      return false
    }
    connection.exchange.reset()
    armToRest(&connection, deadline: now + settings.limits.keepAlive)
    return true
  }
}

extension Meter {
  /// - Parameter refusesForwardedClientCertificate: also in trailers: only we say who the peer is.
  init(_ framing: RequestHead.Framing, refusesForwardedClientCertificate: Bool = false) {
    switch framing {
    case .none, .length(0): self = .complete
    case .length(let count): self = .counted(count)
    case .chunked:
      self = .chunked(
        ChunkedReader(refusesForwardedClientCertificate: refusesForwardedClientCertificate))
    }
  }

  init(_ framing: ResponseHead.Framing) {
    switch framing {
    case .none, .length(0): self = .complete
    case .length(let count): self = .counted(count)
    case .chunked: self = .chunked(ChunkedReader())
    case .untilClose: self = .untilEnd
    }
  }
}
