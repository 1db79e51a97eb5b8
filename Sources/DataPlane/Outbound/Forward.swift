import Kernel
import Policy
import Telemetry
import Wire

// An allowed request and its response, moved between workload and destination.
extension Worker {
  /// Sends a request on its way. The permit is for this request; a connection to its destination
  /// that is still open is used again, for that one was opened by a permit too.
  ///
  /// - Parameter message: the head and as much of the body as has come.
  mutating func forward(
    _ head: RequestHead, _ message: Span<UInt8>, _ permit: consuming Permit,
    _ connection: inout Connection
  ) {
    var outgoing = ByteBuffer()
    swap(&outgoing, &self.outgoing)
    outgoing.clear()
    rewrite(head, message, &connection.record, into: &outgoing)
    outgoing.append(message.extracting(head.length..<message.count))

    if connection.machine.destination == permit.destination,
      isReusable(&connection.upstream)
    {
      connection.exchange.forwards()
      arm(&connection, deadline: now + settings.limits.idle)
      if deliver(&outgoing, &connection.sent, to: &connection.upstream) != nil {
        upstreamFailed(.closedEarly, &connection)
      }
    } else {
      connection.sent.pending.append(outgoing.bytes)
      connection.exchange.waitsForUpstream()
      connect(permit, &connection)
    }
    swap(&outgoing, &self.outgoing)
  }

  /// An upstream that has said nothing since its last answer: what it said would be taken for the
  /// answer to this request.
  private func isReusable(_ upstream: inout Side) -> Bool {
    guard upstream.isOpen, !upstream.hasHungUp else { return false }
    guard upstream.isReadable else { return true }
    var surplus = ByteBuffer(capacity: 1)
    guard surplus.receive(from: upstream.descriptor, atMost: 1) == .wouldBlock else {
      return false
    }
    upstream.isReadable = false
    return true
  }

  /// The head as it leaves: without what the workload may not say, with its trace context.
  private mutating func rewrite(
    _ head: RequestHead, _ message: Span<UInt8>, _ record: inout OpenRecord,
    into outgoing: inout ByteBuffer
  ) {
    addedFields.clear()
    if settings.injectsTraceContext {
      let context = TraceContext(
        continuing: head, in: message, traceID: traceIDs.nextTraceID(),
        parentID: traceIDs.nextParentID())
      record.noteTraceParent(context.parent.text.span)
      addedFields.append(atMost: TraceContext.maximumFieldsLength) {
        context.appendFields(of: head, in: message, to: &$0)
      }
    }
    RequestRewrite.forEachPiece(
      of: head, replacingTraceContext: settings.injectsTraceContext
    ) { outgoing.append(message[$0]) }
    outgoing.append(addedFields.bytes)
    outgoing.append("\r\n")
  }

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

  private enum HeadProgress { case waiting, found, becameTunnel, ended }

  /// Reads a response head and passes it on with what came behind it.
  private mutating func readResponseHead(_ connection: inout Connection) -> HeadProgress {
    // Like a request's: only a part is kept.
    var bytes = ByteBuffer()
    var reader: ResponseHeadReader
    let kept = connection.unfinishedHead.response
    if let kept {
      swap(&bytes, &kept.bytes)
      reader = kept.reader
    } else {
      swap(&bytes, &scratch)
      bytes.clear()
      reader = ResponseHeadReader(limits: headLimits, isHEAD: connection.exchange.isHEAD)
    }
    let progress = readResponseHead(&connection, into: &bytes, &reader)
    if kept == nil {
      if progress == .waiting, !bytes.isEmpty {
        var copy = ByteBuffer()
        copy.append(bytes.bytes)
        connection.unfinishedHead = .response(UnfinishedResponse(bytes: copy, reader: reader))
      }
      swap(&bytes, &scratch)
    } else if progress == .waiting {
      kept!.bytes = bytes
      kept!.reader = reader
    } else {
      connection.unfinishedHead = .none
    }
    return progress
  }

  private mutating func readResponseHead(
    _ connection: inout Connection, into bytes: inout ByteBuffer, _ reader: inout ResponseHeadReader
  ) -> HeadProgress {
    guard connection.upstream.isReadable else { return .waiting }
    bytes.reserve(Self.readSize)
    switch bytes.receive(from: connection.upstream.descriptor, atMost: Self.readSize) {
    case .bytes(let count):
      connection.upstream.noteRead(count, of: Self.readSize)
    case .wouldBlock:
      connection.upstream.isReadable = false
      return .waiting
    case .endOfStream, .failed:
      connection.upstream.isReadable = false
      upstreamFailed(.closedEarly, &connection)
      return .ended
    }
    while true {
      switch reader.advance(bytes.bytes) {
      case .needMore:
        return .waiting
      case .malformed:
        connection.upstream.descriptor.resetOnClose()
        upstreamFailed(.invalidResponse, &connection)
        return .ended
      case .found(let head):
        switch connection.exchange.received(head) {
        case .refuse:
          upstreamFailed(.invalidResponse, &connection)
          return .ended
        case .forwardInterim:
          var interim = ByteBuffer()
          interim.append(bytes.bytes.extracting(0..<head.length))
          bytes.consume(head.length)
          if deliver(&interim, &connection.received, to: &connection.client) != nil {
            reset(&connection, outcome: .clientGone)
            return .ended
          }
          reader = ResponseHeadReader(limits: headLimits, isHEAD: connection.exchange.isHEAD)
          if bytes.isEmpty { return .waiting }
        case .tunnel:
          connection.record.responseStatus = head.status
          connection.sent.meter = .untilEnd
          connection.received.meter = .untilEnd
          if deliver(&bytes, &connection.received, to: &connection.client) != nil {
            reset(&connection, outcome: .clientGone)
            return .ended
          }
          // What the workload sent behind its request is the new protocol's.
          swap(&connection.sent.pending, &connection.held)
          return .becameTunnel
        case .forward:
          connection.record.responseStatus = head.status
          connection.received.meter = Meter(head.framing)
          passOn(&bytes, behind: head, &connection)
          return connection.isReleased || connection.isLingering ? .ended : .found
        }
      }
    }
  }

  /// Sends a response head and the part of its body that came with it.
  private mutating func passOn(
    _ bytes: inout ByteBuffer, behind head: ResponseHead, _ connection: inout Connection
  ) {
    let admission = connection.received.meter.admit(
      bytes.bytes.extracting(head.length..<bytes.count))
    let length = head.length + admission.count
    if length < bytes.count {
      // More than the response: what it belongs to is nobody's request.
      connection.upstream.hasHungUp = true
      bytes.truncate(to: length)
    }
    if deliver(&bytes, &connection.received, to: &connection.client) != nil {
      return reset(&connection, outcome: .clientGone)
    }
    if admission.isMalformed { reset(&connection, outcome: .upstreamFailed) }
  }
}
