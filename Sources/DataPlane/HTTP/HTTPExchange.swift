import Wire

/// Where an HTTP/1 connection stands: between requests, or in the middle of one and its response.
/// A pure state machine; requests are taken one by one, so answers keep their order.
struct HTTPExchange {
  enum State {
    /// Not HTTP.
    case off
    /// No byte of the next request has come.
    case idle
    /// A head is under way.
    case readingHead
    /// A request to the proxy itself may pass by its name, and waits for the name's address.
    case resolving
    /// A request was allowed and waits for its upstream.
    case connecting
    /// Request and response are under way.
    case forwarding
    /// The request was answered here; the answer is still to be sent.
    case answering
  }

  enum Response {
    case awaitingHead
    case body
    case ended
  }

  /// What follows the end of a request or response.
  enum Next {
    /// The other half is still under way.
    case goOn
    /// Both are over; the connection takes another request.
    case nextRequest
    /// Both are over and one side wants to close.
    case close
  }

  private(set) var state = State.off
  private(set) var response = Response.awaitingHead
  private(set) var requestEnded = false
  /// Both sides let the connection be used again.
  private var keepAlive = true
  private(set) var isHEAD = false
  private var upgradeAsked = false
  private var expectsContinue = false
  /// A response head was passed on for this request, so no reply of ours may follow.
  private(set) var responseBegan = false
  /// The request went to an upstream that had served another, and nothing of an answer has come:
  /// the server may have closed the connection without seeing it.
  private(set) var mayBeUnseen = false

  var isOn: Bool { state != .off }

  /// No request is under way: what the upstream does now belongs to none.
  var isBetweenRequests: Bool { state == .idle || state == .readingHead }

  /// The client may send another request after this one.
  var mayContinue: Bool { keepAlive && !expectsContinue }

  /// The connection turned out to be HTTP.
  mutating func begin() { state = .readingHead }

  mutating func receivedFirstByte() { state = .readingHead }

  /// A head is complete and will be judged.
  mutating func received(_ head: RequestHead, isHEAD: Bool) {
    keepAlive = head.keepAlive
    upgradeAsked = head.isUpgrade
    expectsContinue = head.expectsContinue
    self.isHEAD = isHEAD
    response = .awaitingHead
    responseBegan = false
    requestEnded = false
    mayBeUnseen = false
  }

  mutating func waitsForAddress() { state = .resolving }

  mutating func waitsForUpstream() { state = .connecting }

  mutating func forwards(onReusedUpstream: Bool = false) {
    state = .forwarding
    mayBeUnseen = onReusedUpstream
  }

  /// Something of an answer has come.
  mutating func isSeen() { mayBeUnseen = false }

  /// The request was a CONNECT, and what follows is anything.
  mutating func becomesTunnel() { state = .off }

  /// The request is answered here.
  mutating func refuses() {
    state = .answering
    response = .ended
    responseBegan = true
  }

  /// All of the request has been delivered, or discarded.
  mutating func endedRequest() -> Next {
    requestEnded = true
    return next
  }

  /// What to do with a response head.
  enum HeadOutcome {
    case forward
    /// 1xx: forward it and wait for the next head.
    case forwardInterim
    /// The protocol changes: relay both ways from here on.
    case tunnel
    /// The server changed protocols though nobody asked.
    case refuse
  }

  mutating func received(_ head: ResponseHead) -> HeadOutcome {
    if head.isInterim {
      responseBegan = true
      return .forwardInterim
    }
    if head.isUpgrade {
      guard upgradeAsked, requestEnded, head.opensWebSocket else { return .refuse }
      responseBegan = true
      state = .off
      return .tunnel
    }
    responseBegan = true
    keepAlive = keepAlive && head.keepAlive
    // In place of `100 Continue`: the client may keep its body to itself, and then its next request
    // would be taken for it (RFC 9110 §10.1.1).
    if expectsContinue, !requestEnded { keepAlive = false }
    response = .body
    return .forward
  }

  /// All of the response has been delivered.
  mutating func endedResponse() -> Next {
    response = .ended
    return next
  }

  /// After `nextRequest`.
  mutating func reset() { state = .idle }

  /// No further request is taken on this connection.
  mutating func closeAfterThis() { keepAlive = false }

  private var next: Next {
    guard requestEnded, response == .ended else {
      // A server that answers early and closes will not read the rest (RFC 9112 §9.3).
      return response == .ended && !keepAlive ? .close : .goOn
    }
    return keepAlive ? .nextRequest : .close
  }
}
