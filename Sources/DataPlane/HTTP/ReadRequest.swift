import Kernel
import Policy
import Telemetry
import Wire

// A request head, read as it comes.
extension Worker {
  /// Reads until a request head is complete and judges it.
  ///
  /// - Returns: false where it has to wait or the connection ended.
  mutating func readRequest(_ connection: inout Connection) -> Bool {
    guard flush(&connection.received, to: &connection.client) == nil else {
      return connection.client.isWritable
        ? endQuietly(&connection, reason: nil) : false
    }
    // A head that comes in one piece is judged where it was received; only a part is kept.
    var bytes = ByteBuffer()
    let usesScratch = connection.held.isEmpty
    if usesScratch {
      swap(&bytes, &scratch)
      bytes.clear()
    } else {
      swap(&bytes, &connection.held)
    }
    let goesOn = readRequest(&connection, into: &bytes, isScratch: usesScratch)
    if usesScratch {
      if !connection.isLingering { connection.held.append(bytes.bytes) }
      swap(&bytes, &scratch)
    } else if !bytes.isEmpty, !connection.isLingering {
      swap(&bytes, &connection.held)
    }
    return goesOn
  }

  private mutating func readRequest(
    _ connection: inout Connection, into bytes: inout ByteBuffer, isScratch: Bool
  ) -> Bool {
    while true {
      if !bytes.isEmpty {
        if connection.exchange.state == .idle {
          connection.exchange.receivedFirstByte()
          reopenRecord(&connection)
          arm(&connection, deadline: now + settings.limits.requestHead)
        }
        var reader =
          connection.unfinishedHead.request?.reader ?? RequestHeadReader(limits: headLimits)
        switch reader.advance(bytes.bytes) {
        case .needMore:
          if let unfinished = connection.unfinishedHead.request {
            unfinished.reader = reader
          } else {
            connection.unfinishedHead = .request(Unfinished(reader))
          }
        case .found(let head):
          connection.unfinishedHead = .none
          let consumed = begin(head, in: bytes.bytes, &connection)
          bytes.consume(min(consumed, bytes.count))
          return true
        case .malformed(let error):
          let refusal = RequestRefusal(error)
          answer(fault: refusal.status, reason: refusal.reason, &connection)
          return false
        }
      }
      guard connection.client.isReadable else { return false }
      let result: IOResult
      if isScratch {
        bytes.reserve(Self.readSize)
        result = bytes.receive(from: connection.client.descriptor, atMost: Self.readSize)
      } else {
        // What is kept takes as much memory as it has bytes: slow heads are many.
        scratch.clear()
        scratch.reserve(Self.readSize)
        result = scratch.receive(from: connection.client.descriptor, atMost: Self.readSize)
        bytes.append(scratch.bytes)
      }
      switch result {
      case .bytes(let count):
        connection.client.noteRead(count, of: Self.readSize)
      case .wouldBlock:
        connection.client.isReadable = false
        return false
      case .endOfStream:
        connection.client.isReadable = false
        if connection.exchange.state == .idle { return endQuietly(&connection, reason: nil) }
        answer(fault: 400, reason: .malformedRequest, outcome: .clientGone, &connection)
        return false
      case .failed:
        return endQuietly(&connection, reason: .malformedRequest)
      }
    }
  }

  /// The workload left between requests, or in the middle of a head.
  mutating func endQuietly(_ connection: inout Connection, reason: DenyReason?) -> Bool {
    if let reason {
      connection.record.noteDenied(reason, enforced: true, mode: enforcementMode)
    }
    close(&connection, outcome: .clientGone)
    return false
  }
}
