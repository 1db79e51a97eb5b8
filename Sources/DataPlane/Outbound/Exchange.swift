import Kernel
import Policy
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

  /// Reads until a request head is complete and judges it.
  ///
  /// - Returns: false where it has to wait or the connection ended.
  private mutating func readRequest(_ connection: inout Connection) -> Bool {
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
  private mutating func endQuietly(_ connection: inout Connection, reason: DenyReason?) -> Bool {
    if let reason {
      connection.record.noteDenied(reason, enforced: true, mode: enforcementMode)
    }
    close(&connection, outcome: .clientGone)
    return false
  }

  /// Judges one request and forwards or answers it.
  ///
  /// - Returns: how many of `bytes` belong to it.
  private mutating func begin(
    _ head: RequestHead, in bytes: Span<UInt8>, _ connection: inout Connection
  ) -> Int {
    let method = bytes[head.method]
    connection.exchange.received(head, isHEAD: method.isHEAD)
    connection.record.noteTexts(host: bytes[head.host], method: method, path: bytes[head.path])
    counters.requests.add(1)

    connection.sent.meter = Meter(head.framing)
    let body = bytes.extracting(head.length..<bytes.count)
    let admission = connection.sent.meter.admit(body)
    if admission.isMalformed {
      answer(fault: 400, reason: .malformedRequest, &connection)
      return bytes.count
    }
    guard let destination = connection.machine.destination else {
      answer(fault: 400, reason: .originalDestinationUnavailable, &connection)
      return bytes.count
    }
    do {
      let flow = try Flow(request: head, in: bytes, destination: destination)
      let message = bytes.extracting(0..<(head.length + admission.count))
      judge(flow, head, message, &connection)
    } catch {
      answer(fault: error.status, reason: error.reason, &connection)
      return bytes.count
    }
    return head.length + admission.count
  }

  private mutating func judge(
    _ flow: Flow, _ head: RequestHead, _ message: Span<UInt8>,
    _ connection: inout Connection
  ) {
    guard let policy else { return refuse(Denial(.policyUnavailable), &connection) }
    switch note(policy.decide(flow), by: policy, &connection.record) {
    case .allow(let permit, wouldDeny: _):
      forward(head, message, permit, &connection)
    case .deny(let denial):
      refuse(denial, &connection)
    }
  }

  private mutating func refuse(_ denial: Denial, _ connection: inout Connection) {
    connection.record.noteDenied(denial.reason, enforced: true, mode: enforcementMode)
    counters.countDenial(denial.reason)
    answer(denial: denial, &connection)
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

extension Span where Element == UInt8 {
  fileprivate var isHEAD: Bool {
    count == 4 && self[0] == UInt8(ascii: "H") && self[1] == UInt8(ascii: "E")
      && self[2] == UInt8(ascii: "A") && self[3] == UInt8(ascii: "D")
  }
}
