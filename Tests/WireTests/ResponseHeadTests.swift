import Testing
import Wire

@Suite("A response head")
struct ResponseHeadTests {
  func read(_ head: String, isHEAD: Bool = false, isCONNECT: Bool = false) -> ResponseHead? {
    var reader = ResponseHeadReader(isHEAD: isHEAD, isCONNECT: isCONNECT)
    let bytes = head.unicodeScalars.map { UInt8($0.value) }
    guard case .found(let parsed) = reader.advance(bytes.span) else { return nil }
    return parsed
  }

  /// RFC 9112 §6.3.
  static let framings: [(String, ResponseHead.Framing, keepAlive: Bool)] = [
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", .length(5), true),
    ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", .length(0), true),
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n", .length(5), true),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", .chunked, true),
    ("HTTP/1.1 200 OK\r\ntransfer-encoding: CHUNKED\r\n", .chunked, true),
    ("HTTP/1.1 200 OK\r\n", .untilClose, false),
    ("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n", .untilClose, false),
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n", .length(5), false),
    ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n", .length(5), false),
    ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: Keep-Alive\r\n", .length(5), true),
    ("HTTP/1.0 200 OK\r\n", .untilClose, false),
    ("HTTP/1.1 204 No Content\r\n", .none, true),
    ("HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n", .none, true),
    ("HTTP/1.1 100 Continue\r\n", .none, true),
    ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n", .none, true),
    ("HTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\n", .none, true),
    ("HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n", .length(0), true),
    ("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n", .length(9), true),
    ("HTTP/1.1 999 ?\r\nContent-Length: 9\r\n", .length(9), true),
    // What servers get wrong harmlessly.
    ("HTTP/1.1 200 \r\nContent-Length: 5\r\n", .length(5), true),
    ("HTTP/1.1 200\r\nContent-Length: 5\r\n", .length(5), true),
    ("HTTP/1.1 200 Tr\u{e8}s  bien\t!\r\nContent-Length: 5\r\n", .length(5), true),
    ("HTTP/1.1 200 OK\r\nX: \u{ff}\r\nY:\r\nContent-Length: 5\r\n", .length(5), true),
  ]

  @Test("says how its body ends", arguments: framings)
  func framing(_ head: String, _ framing: ResponseHead.Framing, _ keepAlive: Bool) {
    let parsed = read(head + "\r\n")
    #expect(parsed?.framing == framing)
    #expect(parsed?.keepAlive == keepAlive)
    #expect(parsed?.length == head.unicodeScalars.count + 2)
  }

  @Test("reads the same in every prefix, and with more behind it", arguments: framings)
  func everyPrefix(_ head: String, _ framing: ResponseHead.Framing, _ keepAlive: Bool) {
    let bytes = (head + "\r\n").unicodeScalars.map { UInt8($0.value) }
    var whole = ResponseHeadReader(isHEAD: false)
    let verdict = Verdict(whole.advance((bytes + [0, 10, 10]).span))
    var reader = ResponseHeadReader(isHEAD: false)
    expectSameByteByByte(bytes, whole: verdict) { Verdict(reader.advance($0)) }
  }

  @Test("to HEAD has no body, whatever it says")
  func toHEAD() {
    #expect(
      read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", isHEAD: true)?.framing
        == ResponseHead.Framing.none)
    #expect(
      read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", isHEAD: true)?.framing
        == ResponseHead.Framing.none)
    #expect(read("HTTP/1.1 200 OK\r\n\r\n", isHEAD: true)?.keepAlive == true)
  }

  @Test("to CONNECT opens a tunnel where it succeeds")
  func toCONNECT() {
    #expect(
      read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", isCONNECT: true)?.framing
        == ResponseHead.Framing.none)
    #expect(
      read("HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\n", isCONNECT: true)?.framing == .length(5))
  }

  @Test("is interim below 200, but 101")
  func interim() {
    #expect(read("HTTP/1.1 100 Continue\r\n\r\n")?.isInterim == true)
    #expect(read("HTTP/1.1 101 Switching\r\n\r\n")?.isInterim == false)
    #expect(read("HTTP/1.1 101 Switching\r\n\r\n")?.isUpgrade == true)
    #expect(read("HTTP/1.1 200 OK\r\n\r\n")?.isInterim == false)
  }

  static let refused: [(String, ResponseError)] = [
    ("HTTP/1.1 OK\r\n", .badStatusLine), ("HTTP/1.1 20 OK\r\n", .badStatusLine),
    ("HTTP/1.1 2000 OK\r\n", .badStatusLine), ("HTTP/1.1 099 OK\r\n", .badStatusLine),
    ("HTTP/1.1  200 OK\r\n", .badStatusLine), ("HTTP/1.1\t200 OK\r\n", .badStatusLine),
    ("http/1.1 200 OK\r\n", .badStatusLine), ("ICY 200 OK\r\n", .badStatusLine),
    ("\r\nHTTP/1.1 200 OK\r\n", .badStatusLine), ("HTTP/1.1 200 O\u{0}K\r\n", .badStatusLine),
    ("SSH-2.0-x\r\n", .badStatusLine), ("HTTP/1.1 200\u{0}\r\n", .badStatusLine),
    ("HTTP/2.0 200 OK\r\n", .unsupportedVersion), ("HTTP/1.2 200 OK\r\n", .unsupportedVersion),
    ("HTTP/0.9 200 OK\r\n", .unsupportedVersion),
    ("HTTP/1.1 200 OK\n", .bareLineEnd), ("HTTP/1.1 200\n", .bareLineEnd),
    ("HTTP/1.1 200 OK\rX", .bareLineEnd), ("HTTP/1.1 200 OK\r\nX: a\n", .bareLineEnd),
    ("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n", .foldedLine),
    ("HTTP/1.1 200 OK\r\nContent-Length : 5\r\n", .spaceBeforeColon),
    ("HTTP/1.1 200 OK\r\nX\u{0}: 5\r\n", .badFieldName),
    ("HTTP/1.1 200 OK\r\nX: \u{0}\r\n", .badFieldValue),
    ("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n", .badContentLength),
    ("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n", .badContentLength),
    ("HTTP/1.1 200 OK\r\nContent-Length:\r\n", .badContentLength),
    ("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n", .badContentLength),
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n", .differingContentLength),
    (
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
      .contentLengthWithTransferEncoding
    ),
    (
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n",
      .contentLengthWithTransferEncoding
    ),
    (
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
      .repeatedTransferEncoding
    ),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n", .unknownTransferCoding),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n", .unknownTransferCoding),
    ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n", .transferEncodingInHTTP10),
    (
      "HTTP/1.1 200 OK\r\n" + String(repeating: "X: a\r\n", count: 129), .tooManyFields
    ),
    ("HTTP/1.1 200 " + String(repeating: "a", count: 65536), .headTooLarge),
  ]

  @Test("that could be read in two ways is refused, for good", arguments: refused)
  func isRefused(_ head: String, _ error: ResponseError) {
    let bytes = (head + "\r\n").unicodeScalars.map { UInt8($0.value) }
    var whole = ResponseHeadReader(isHEAD: false)
    #expect(Verdict(whole.advance(bytes.span)) == .malformed("\(error)"))
    var reader = ResponseHeadReader(isHEAD: false)
    expectSameByteByByte(bytes, whole: .malformed("\(error)")) { Verdict(reader.advance($0)) }
  }
}
