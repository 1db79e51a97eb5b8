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
      case .connecting: goesOn = false
      case .forwarding: goesOn = forward(&connection)
      case .discarding: goesOn = discardBody(&connection)
      case .off: return relay(&connection)
      }
      if !goesOn || connection.isReleased || connection.isLingering { return }
    }
    queue(&connection)
  }

  /// Throws away the rest of a request that was answered here.
  private mutating func discardBody(_ connection: inout Connection) -> Bool {
    switch flush(&connection.received, to: &connection.client) {
    case nil: break
    case .waiting: return false
    default: return endQuietly(&connection, reason: nil)
    }
    while !connection.sent.meter.isComplete {
      guard connection.client.isReadable else { return false }
      scratch.clear()
      scratch.reserve(Self.readSize)
      let room = min(Self.readSize, connection.sent.meter.readLimit)
      switch scratch.receive(from: connection.client.descriptor, atMost: room) {
      case .bytes(let count):
        connection.client.noteRead(count, of: room)
        _ = connection.sent.meter.admit(scratch.bytes)
      case .wouldBlock:
        connection.client.isReadable = false
      case .endOfStream, .failed:
        return endQuietly(&connection, reason: nil)
      }
    }
    if isDraining {
      linger(&connection)
      return false
    }
    connection.exchange.reset()
    arm(&connection, deadline: now + settings.limits.keepAlive)
    return true
  }
}

extension Meter {
  init(_ framing: RequestHead.Framing) {
    switch framing {
    case .none, .length(0): self = .complete
    case .length(let count): self = .counted(count)
    case .chunked: self = .chunked(ChunkedReader())
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
