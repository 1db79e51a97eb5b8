import Testing
import Wire

@testable import DataPlane

@Suite("An HTTP exchange's state machine")
struct HTTPExchangeTests {
  /// The test's own head is wrong.
  struct DoesNotParse: Error {}

  func head(keepAlive: Bool = true, upgrade: Bool = false, expects: Bool = false) throws
    -> RequestHead
  {
    var text = "GET / HTTP/1.1\r\nhost: a\r\n"
    if !keepAlive { text += "connection: close\r\n" }
    if upgrade { text += "connection: upgrade\r\nupgrade: websocket\r\n" }
    if expects { text += "expect: 100-continue\r\n" }
    var reader = RequestHeadReader()
    guard case .found(let head) = reader.advance(Array((text + "\r\n").utf8).span) else {
      throw DoesNotParse()
    }
    return head
  }

  func response(_ text: String) throws -> ResponseHead {
    var reader = ResponseHeadReader(isHEAD: false)
    guard case .found(let head) = reader.advance(Array((text + "\r\n\r\n").utf8).span) else {
      throw DoesNotParse()
    }
    return head
  }

  func forwarding(_ head: RequestHead) -> HTTPExchange {
    var exchange = HTTPExchange()
    exchange.begin()
    exchange.received(head, isHEAD: false)
    exchange.forwards()
    return exchange
  }

  @Test("Both halves over: the next request is taken")
  func nextRequest() throws {
    var exchange = forwarding(try head())
    #expect(exchange.endedRequest() == .goOn)
    #expect(try exchange.received(response("HTTP/1.1 200 OK\r\ncontent-length: 0")) == .forward)
    #expect(exchange.endedResponse() == .nextRequest)
    exchange.reset()
    #expect(exchange.isBetweenRequests)
  }

  @Test("Either side can end the connection's reuse")
  func close() throws {
    var byClient = forwarding(try head(keepAlive: false))
    _ = byClient.endedRequest()
    _ = byClient.received(try response("HTTP/1.1 200 OK\r\ncontent-length: 0"))
    #expect(byClient.endedResponse() == .close)

    var byServer = forwarding(try head())
    _ = byServer.endedRequest()
    _ = byServer.received(try response("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0"))
    #expect(byServer.endedResponse() == .close)
  }

  @Test("An answer in place of 100 Continue ends the connection: the body may never come")
  func answerInPlaceOfContinue() throws {
    var early = forwarding(try head(expects: true))
    _ = early.received(try response("HTTP/1.1 200 OK\r\ncontent-length: 0"))
    #expect(early.endedResponse() == .close)

    var inTime = forwarding(try head(expects: true))
    _ = inTime.received(try response("HTTP/1.1 100 Continue"))
    #expect(inTime.endedRequest() == .goOn)
    _ = inTime.received(try response("HTTP/1.1 200 OK\r\ncontent-length: 0"))
    #expect(inTime.endedResponse() == .nextRequest)
  }

  @Test("An early answer waits for the rest of the request, unless the server closes")
  func earlyAnswer() throws {
    var kept = forwarding(try head())
    _ = kept.received(try response("HTTP/1.1 200 OK\r\ncontent-length: 0"))
    #expect(kept.endedResponse() == .goOn)
    #expect(kept.endedRequest() == .nextRequest)

    var closed = forwarding(try head())
    _ = closed.received(try response("HTTP/1.1 413 x\r\nconnection: close\r\ncontent-length: 0"))
    #expect(closed.endedResponse() == .close)
  }

  @Test("Interim answers pass and another head follows")
  func interim() throws {
    var exchange = forwarding(try head())
    #expect(try exchange.received(response("HTTP/1.1 103 Early Hints")) == .forwardInterim)
    #expect(exchange.response == .awaitingHead)
  }

  @Test("A change of protocol is a tunnel only where it was asked for")
  func upgrade() throws {
    var asked = forwarding(try head(upgrade: true))
    _ = asked.endedRequest()
    #expect(
      try asked.received(
        response("HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: websocket")) == .tunnel)
    #expect(!asked.isOn)

    var bare = forwarding(try head(upgrade: true))
    _ = bare.endedRequest()
    #expect(try bare.received(response("HTTP/1.1 101 x")) == .refuse)

    var unasked = forwarding(try head())
    _ = unasked.endedRequest()
    #expect(try unasked.received(response("HTTP/1.1 101 x")) == .refuse)
  }

  @Test("A client that waits for 100 Continue can't go on after a refusal")
  func expectsContinue() throws {
    #expect(try !forwarding(head(expects: true)).mayContinue)
    #expect(try forwarding(head()).mayContinue)
  }
}
