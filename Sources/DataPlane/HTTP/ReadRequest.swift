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
    if let blocked = flush(&connection.received, to: &connection.client) {
      return blocked == .waiting ? false : endQuietly(&connection, reason: nil)
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
      if !bytes.isEmpty, !connection.isLingering {
        buffers.lend(to: &connection.held)
        connection.held.append(bytes.bytes)
      }
      swap(&bytes, &scratch)
    } else if !bytes.isEmpty, !connection.isLingering {
      swap(&bytes, &connection.held)
    } else {
      buffers.takeBack(&bytes)
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
          guard mayKeep(bytes.count) else {
            refuseForMemory(&connection)
            return false
          }
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
      let room = readRoom
      let result = receive(
        into: &bytes, isScratch: isScratch, from: &connection.client, atMost: room)
      switch result {
      case .bytes: break
      case .wouldBlock: return false
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

  /// Receives a part of a head.
  ///
  /// - Parameter isScratch: true where `bytes` are the worker's own buffer. What a connection keeps
  ///   takes hardly more memory than it has bytes: slow heads are many.
  mutating func receive(
    into bytes: inout ByteBuffer, isScratch: Bool, from side: inout Side, atMost room: Int
  ) -> IOResult {
    if isScratch {
      bytes.reserve(room)
      return side.receive(into: &bytes, atMost: room)
    }
    scratch.clear()
    scratch.reserve(room)
    let result = side.receive(into: &scratch, atMost: room)
    if case .bytes = result { bytes.append(scratch.bytes) }
    return result
  }

  /// The workload left between requests, or in the middle of a head.
  mutating func endQuietly(_ connection: inout Connection, reason: DenyReason?) -> Bool {
    if let reason {
      connection.record.noteDenied(
        reason, enforced: true, mode: enforcementMode(of: connection))
    }
    close(&connection, outcome: .clientGone)
    return false
  }
}
