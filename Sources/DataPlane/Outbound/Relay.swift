import Kernel
import Telemetry

/// Why a direction stopped moving.
enum PumpOutcome {
  /// It waits for the source to send or for the destination to take.
  case waiting
  /// It used up its turn; others come first.
  case budgetSpent
  /// The message is over and delivered.
  case complete
  /// The source has ended and all of it was delivered.
  case ended
  case sourceFailed
  case destinationFailed
  /// The source's framing is broken.
  case malformed
}

extension Worker {
  /// What one direction may move before others get their turn: so many reads, or bytes.
  static let readsPerTurn = 16
  private static let bytesPerTurn = 4 << 20
  /// Silence after which the ends of a half-closed connection are probed: long before conntrack
  /// forgets it.
  private static let silenceBeforeProbes = 15 * DataPlaneSettings.Limits.second
  /// A splice that moved less than this was the end of a burst.
  private static let smallSplice = 16 * 1024

  /// The bytes are judged and the upstream is there: what was held goes first.
  mutating func startRelay(_ connection: inout Connection) {
    swap(&connection.sent.pending, &connection.held)
    relay(&connection)
  }

  /// Moves bytes both ways, unseen, until both directions have ended.
  mutating func relay(_ connection: inout Connection) {
    var again = false
    var (sentEnds, receivedEnds) = (false, false)
    if !connection.sent.hasEnded {
      let outcome = pump(
        &connection.sent, from: &connection.client, to: &connection.upstream,
        surplus: &connection.held, kept: &connection.kept)
      switch outcome {
      case .waiting: break
      case .budgetSpent: again = true
      case .ended, .complete:
        connection.sent.hasEnded = true
        sentEnds = true
      case .sourceFailed, .malformed:
        return reset(&connection, outcome: .clientGone)
      case .destinationFailed:
        // The upstream takes no more, yet what it sent before may still be unread.
        connection.sent.hasEnded = true
        connection.failure = .upstreamFailed
      }
    }
    if !connection.received.hasEnded {
      let outcome = pump(
        &connection.received, from: &connection.upstream, to: &connection.client,
        surplus: &connection.held, kept: &connection.kept)
      switch outcome {
      case .waiting: break
      case .budgetSpent: again = true
      case .ended, .complete:
        connection.received.hasEnded = true
        receivedEnds = true
      case .sourceFailed, .malformed:
        return reset(&connection, outcome: .upstreamFailed)
      case .destinationFailed:
        return reset(&connection, outcome: .clientGone)
      }
    }
    let hasEnded = connection.sent.hasEnded && connection.received.hasEnded
    if hasEnded, connection.failure == nil, !connection.client.isTLS, !connection.upstream.isTLS {
      // All was read and delivered: closing sends the FINs that are still to be sent.
      return close(&connection, outcome: .completed)
    }
    if sentEnds { connection.upstream.shutdownWrite() }
    if receivedEnds { connection.client.shutdownWrite() }
    connection.upstream.settle()
    connection.client.settle()
    if hasEnded, !connection.upstream.owesEnd, !connection.client.owesEnd {
      return close(&connection, outcome: connection.failure ?? .completed)
    }
    let deadline = now + longestSilence(inRelay: connection)
    if connection.isHalfClosed {
      arm(&connection, deadline: deadline)
    } else {
      armToRest(&connection, deadline: deadline)
    }
    if again { queue(&connection) }
  }

  private func longestSilence(inRelay connection: borrowing Connection) -> UInt64 {
    guard connection.isHalfClosed else { return settings.limits.idle }
    return connection.isKeptTracked
      ? settings.limits.halfClosed : min(Self.silenceBeforeProbes, settings.limits.halfClosed)
  }

  /// Has both ends probed from here on, where a half-closed connection has been silent for a while.
  /// Not as soon as it is half-closed, for most are over in the next moment.
  ///
  /// - Returns: false where that was done before.
  mutating func keepHalfClosed(_ connection: inout Connection) -> Bool {
    guard connection.isHalfClosed, !connection.isKeptTracked,
      settings.limits.halfClosed > Self.silenceBeforeProbes
    else { return false }
    connection.isKeptTracked = true
    connection.client.descriptor.keepTracked()
    connection.upstream.descriptor.keepTracked()
    arm(
      &connection,
      deadline: connection.deadline + (settings.limits.halfClosed - Self.silenceBeforeProbes))
    return true
  }

  /// Moves bytes from `source` to `destination` until one of them has to wait.
  ///
  /// It reads only when nothing waits for the destination, so a slow reader holds back its sender
  /// and a connection never owns more than one read's worth of bytes.
  ///
  /// - Parameters:
  ///   - surplus: gets what was read behind the end of the message.
  ///   - kept: gets a copy of what was read, where the transit asks for one.
  mutating func pump(
    _ transit: inout Transit, from source: inout Side, to destination: inout Side,
    surplus: inout ByteBuffer, kept: inout ByteBuffer
  ) -> PumpOutcome {
    var reads = 0
    let turnsEnd = transit.delivered + UInt64(Self.bytesPerTurn)
    while true {
      if let blocked = flush(&transit, to: &destination) { return blocked }
      if transit.meter.isComplete {
        returnPipe(&transit)
        return .complete
      }
      guard source.isReadable else {
        returnPipe(&transit)
        return .waiting
      }
      guard reads < Self.readsPerTurn, transit.delivered < turnsEnd else { return .budgetSpent }
      reads += 1
      let stopped =
        transit.isBulk && transit.meter.allowsSplice && !source.hasUrgentData
        ? fillPipe(&transit, from: &source)
        : readAndSend(
          &transit, from: &source, to: &destination, surplus: &surplus, kept: &kept)
      if let stopped {
        if stopped != .malformed { returnPipe(&transit) }
        return stopped
      }
    }
  }

  /// Delivers what waits; nil once nothing does.
  mutating func flush(_ transit: inout Transit, to destination: inout Side) -> PumpOutcome? {
    while !transit.isEmpty {
      guard destination.isWritable else { return .waiting }
      let result: IOResult
      if transit.pipeFill > 0, let pipe = transit.pipe {
        result = pipe.pipe.drain(to: destination.descriptor, count: Int(transit.pipeFill))
        if case .bytes(let count) = result { transit.pipeFill -= UInt32(count) }
        if case .wouldBlock = result { destination.isWritable = false }
      } else {
        result = destination.send(&transit.pending)
        if transit.pending.isEmpty { buffers.takeBack(&transit.pending) }
      }
      switch result {
      case .bytes(let count): transit.delivered += UInt64(count)
      case .wouldBlock: return .waiting
      case .endOfStream, .failed: return .destinationFailed
      }
    }
    return nil
  }

  /// One read through the worker's buffer, sent on at once.
  private mutating func readAndSend(
    _ transit: inout Transit, from source: inout Side, to destination: inout Side,
    surplus: inout ByteBuffer, kept: inout ByteBuffer
  ) -> PumpOutcome? {
    var bytes = ByteBuffer()
    swap(&bytes, &scratch)
    defer { swap(&bytes, &scratch) }
    bytes.clear()
    bytes.reserve(Self.readSize)
    let wanted = readRoom
    let room = min(wanted, transit.meter.readLimit)
    switch source.receive(into: &bytes, atMost: room) {
    case .bytes(let count):
      // Splice knows nothing of TLS.
      transit.isBulk =
        count == wanted && !transit.isKept && !source.isTLS && !destination.isTLS
    case .wouldBlock:
      return .waiting
    case .endOfStream:
      source.isReadable = false
      return .ended
    case .failed:
      return .sourceFailed
    }
    let admission = transit.meter.admit(bytes.bytes)
    if admission.count < bytes.count {
      surplus.append(bytes.bytes.extracting(admission.count..<bytes.count))
      bytes.truncate(to: admission.count)
    }
    if transit.isKept { keep(bytes.bytes, of: &transit, in: &kept) }
    if let failed = deliver(&bytes, &transit, to: &destination) { return failed }
    return admission.isMalformed ? .malformed : nil
  }

  /// Sends `bytes`; what the destination doesn't take waits in the transit's own memory.
  mutating func deliver(
    _ bytes: inout ByteBuffer, _ transit: inout Transit, to destination: inout Side
  ) -> PumpOutcome? {
    while destination.isWritable, transit.isEmpty, !bytes.isEmpty {
      switch destination.send(&bytes) {
      case .bytes(let count): transit.delivered += UInt64(count)
      case .wouldBlock:
        transit.pending.append(bytes.bytes)
        return nil
      case .endOfStream, .failed: return .destinationFailed
      }
    }
    transit.pending.append(bytes.bytes)
    return nil
  }

  /// One splice into an empty pipe.
  private mutating func fillPipe(
    _ transit: inout Transit, from source: inout Side
  ) -> PumpOutcome? {
    if transit.pipe == nil { transit.pipe = pipes.borrow() }
    guard let pipe = transit.pipe else {
      // Copying works as well.
      transit.isBulk = false
      return nil
    }
    let room = min(pipe.pipe.capacity, transit.meter.readLimit)
    switch pipe.pipe.fill(from: source.descriptor, count: room) {
    case .bytes(let count):
      transit.pipeFill = UInt32(count)
      transit.meter.skip(count)
      if count < Self.smallSplice { transit.isBulk = false }
      return nil
    case .wouldBlock:
      source.isReadable = false
      return .waiting
    case .endOfStream:
      // Splice says so at the mark of urgent data too: a read tells.
      transit.isBulk = false
      return nil
    case .failed:
      return .sourceFailed
    }
  }

  /// Gives an empty pipe back to the pool; a stream that waits needs none.
  private mutating func returnPipe(_ transit: inout Transit) {
    guard transit.pipeFill == 0, let pipe = transit.pipe else { return }
    transit.pipe = nil
    pipes.giveBack(pipe)
  }

  mutating func discardPipe(_ transit: inout Transit) {
    guard let pipe = transit.pipe else { return }
    transit.pipe = nil
    if transit.pipeFill == 0 { pipes.giveBack(pipe) } else { pipes.discard(pipe) }
    transit.pipeFill = 0
  }
}
