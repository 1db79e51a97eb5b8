import Testing
import Wire

@Suite("A response head that is passed on with something of the proxy's in it")
struct ResponseRewriteTests {
  /// What stays of a head, up to where an added line goes.
  func rewritten(_ head: String) -> String? {
    let bytes = Array(head.utf8)
    var reader = ResponseHeadReader(isHEAD: false)
    guard case .found(let parsed) = reader.advance(bytes.span) else { return nil }
    var kept: [UInt8] = []
    ResponseRewrite.forEachPiece(of: parsed, in: bytes.span) {
      kept += bytes[Int($0.lower)..<Int($0.upper)]
    }
    return String(decoding: kept, as: UTF8.self)
  }

  @Test(
    "keeps every other line byte for byte",
    arguments: [
      ("HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n"),
      ("HTTP/1.1 200\r\nA:  b \r\nB:\r\n", "HTTP/1.1 200\r\nA:  b \r\nB:\r\n"),
      ("HTTP/1.1 200 OK\r\nx-portarium-would-deny: no\r\n", "HTTP/1.1 200 OK\r\n"),
      ("HTTP/1.1 200 OK\r\nA: b\r\nX-Portarium-Would-Deny: no\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n"),
      ("HTTP/1.1 200 OK\r\nx_portarium_would.deny:\r\nA: b\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n"),
      (
        "HTTP/1.1 200 OK\r\nx-portarium-would-deny: 1\r\nA: b\r\nx-portarium-would-deny: 2\r\nC: d\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n"
      ),
      (
        "HTTP/1.1 200 OK\r\nx-portarium-would-deny: 1\r\nx-portarium-would-deny: 2\r\n",
        "HTTP/1.1 200 OK\r\n"
      ),
      // Others' names.
      (
        "HTTP/1.1 200 OK\r\nx-portarium-would-deny-: 1\r\nx-portarium-would-den: 1\r\n",
        "HTTP/1.1 200 OK\r\nx-portarium-would-deny-: 1\r\nx-portarium-would-den: 1\r\n"
      ),
      (
        "HTTP/1.1 200 OK\r\nA: x-portarium-would-deny: 1\r\n",
        "HTTP/1.1 200 OK\r\nA: x-portarium-would-deny: 1\r\n"
      ),
      ("HTTP/1.1 103 Early Hints\r\nX-PORTARIUM-WOULD-DENY: 1\r\n", "HTTP/1.1 103 Early Hints\r\n"),
    ])
  func keeping(head: String, kept: String) {
    #expect(rewritten(head + "\r\n") == kept)
    #expect(rewritten(head + "\r\nA body\r\nx-portarium-would-deny: 1\r\n\r\n") == kept)
  }
}
