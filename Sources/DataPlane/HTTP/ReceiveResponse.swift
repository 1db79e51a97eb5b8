import Kernel
import Telemetry
import Wire

// The head of a response: read, judged against its request, passed on.
extension Worker {
  enum HeadProgress { case waiting, found, becameTunnel, ended }

  /// Reads a response head and passes it on with what came behind it.
  mutating func readResponseHead(_ connection: inout Connection) -> HeadProgress {
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
    let progress = readResponseHead(
      &connection, into: &bytes, isScratch: kept == nil, &reader)
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
    _ connection: inout Connection, into bytes: inout ByteBuffer, isScratch: Bool,
    _ reader: inout ResponseHeadReader
  ) -> HeadProgress {
    guard connection.upstream.isReadable else { return .waiting }
    let room = readRoom
    switch receive(into: &bytes, isScratch: isScratch, from: &connection.upstream, atMost: room) {
    case .bytes:
      if connection.exchange.mayBeUnseen { forgetRequest(&connection) }
    case .wouldBlock:
      return .waiting
    case .endOfStream, .failed:
      connection.upstream.isReadable = false
      if !retry(&connection) { upstreamFailed(.closedEarly, &connection) }
      return .ended
    }
    while true {
      switch reader.advance(bytes.bytes) {
      case .needMore:
        guard mayKeep(bytes.count) else {
          upstreamFailed(.outOfMemory, &connection)
          return .ended
        }
        return .waiting
      case .malformed:
        connection.upstream.resetOnClose()
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
          reportWouldDeny(in: head, &interim, connection.record)
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
          reportWouldDeny(in: head, &bytes, connection.record)
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
      connection.upstream.spoil()
      bytes.truncate(to: length)
    }
    reportWouldDeny(in: head, &bytes, connection.record)
    if deliver(&bytes, &connection.received, to: &connection.client) != nil {
      return reset(&connection, outcome: .clientGone)
    }
    if admission.isMalformed { reset(&connection, outcome: .upstreamFailed) }
  }
}
