import Addressing
import Kernel
import Policy
import Telemetry
import Wire

// A complete request head: judged, then forwarded or answered.
extension Worker {
  /// Judges one request and forwards or answers it.
  ///
  /// - Returns: how many of `bytes` belong to it.
  mutating func begin(
    _ head: RequestHead, in bytes: Span<UInt8>, _ connection: inout Connection
  ) -> Int {
    let method = bytes[head.method]
    connection.exchange.received(head, isHEAD: method.isHEAD)
    connection.record.noteTexts(
      host: bytes[head.host], method: method, path: bytes[head.path], memory: &buffers)
    counters.requests.add(1)

    connection.sent.meter = Meter(
      head.framing, refusesForwardedClientCertificate: connection.inbound != nil)
    let body = bytes.extracting(head.length..<bytes.count)
    let admission = connection.sent.meter.admit(body)
    if admission.isMalformed {
      answer(fault: 400, reason: .malformedRequest, &connection)
      return bytes.count
    }
    if let explicit = connection.asksProxy {
      let length = head.length + admission.count
      reach(head, bytes.extracting(0..<length), explicit, &connection)
      return length
    }
    if let inbound = connection.inbound {
      let length = head.length + admission.count
      authorise(head, bytes.extracting(0..<length), inbound, &connection)
      return length
    }
    guard let destination = connection.machine.destination else {
      answer(fault: 400, reason: .originalDestinationUnavailable, &connection)
      return bytes.count
    }
    do {
      let flow = try Flow(request: head, in: bytes, destination: destination)
      let message = bytes.extracting(0..<(head.length + admission.count))
      if let tunnel = connection.tunnel, !head.host.isEmpty, !tunnel.admits(flow.name) {
        refuse(Denial(.destinationMismatch), &connection)
      } else {
        judge(flow, head, message, &connection)
      }
    } catch {
      answer(fault: error.status, reason: error.reason, &connection)
      return bytes.count
    }
    return head.length + admission.count
  }

  /// Asks the policy in force for a permit.
  ///
  /// - Parameters:
  ///   - message: the head and as much of the body as has come.
  ///   - isRepeated: true where the request has had its permit already and goes out once more: it
  ///     has paid for its rule's rate limit.
  mutating func judge(
    _ flow: Flow, _ head: RequestHead, _ message: Span<UInt8>, isRepeated: Bool = false,
    _ connection: inout Connection
  ) {
    guard let policy else { return refuse(Denial(.policyUnavailable), &connection) }
    notePolicy(&connection)
    let verdict = policy.decide(
      flow, from: connection.source.endpoint.address, at: isRepeated ? nil : now.nanoseconds)
    // How long one to the proxy waited for its verdict was told before its target was reached.
    if !isRepeated, connection.asksProxy == nil {
      counters.decisionTime.add(nanoseconds: now.since(connection.record.startedAt))
    }
    switch note(verdict, by: policy, isRepeated: isRepeated, &connection.record) {
    case .allow(let permit, wouldDeny: _):
      forward(head, message, permit, &connection)
    case .deny(let denial):
      refuse(denial, &connection)
    }
  }

  mutating func refuse(_ denial: Denial, _ connection: inout Connection) {
    connection.record.noteDenied(
      denial.reason, enforced: true, mode: enforcementMode(of: denial, on: connection))
    answer(denial: denial, &connection)
  }
}

extension Span where Element == UInt8 {
  fileprivate var isHEAD: Bool {
    count == 4 && self[0] == UInt8(ascii: "H") && self[1] == UInt8(ascii: "E")
      && self[2] == UInt8(ascii: "A") && self[3] == UInt8(ascii: "D")
  }
}
