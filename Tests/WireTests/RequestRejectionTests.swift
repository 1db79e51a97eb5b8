import Testing
import Wire

/// Inputs on which two servers were seen, or could be imagined, to see different requests.
@Suite("A request that could be read in two ways")
struct RequestRejectionTests {
  /// Behind a sound request line and Host.
  private static func fields(_ lines: String) -> String {
    "POST / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n"
  }

  private static func line(_ line: String) -> String { "\(line)\r\nHost: a\r\n\r\n" }

  private static func host(_ value: String) -> String {
    "GET / HTTP/1.1\r\nHost:\(value)\r\n\r\n"
  }

  /// RFC 9112 §3.
  static let requestLines: [(String, RequestError)] = [
    (line("GET /"), .badVersion),  // HTTP/0.9
    ("GET /\n", .bareLineEnd),
    ("GET\r\n", .badMethod),
    (line("GET / HTTP/0.9"), .unsupportedVersion),
    (line("GET / HTTP/1.2"), .unsupportedVersion),
    (line("GET / HTTP/2.0"), .unsupportedVersion),
    (line("GET / HTTP/2"), .unsupportedVersion),
    (line("GET / HTTP/3.0"), .unsupportedVersion),
    (line("GET / http/1.1"), .badVersion),
    (line("GET / HTTP/1.10"), .badVersion),
    (line("GET / HTTP/11.1"), .badVersion),
    (line("GET / HTTP/1"), .unsupportedVersion),
    (line("GET / HTTP/1,1"), .badVersion),
    (line("GET / HTTP/x.1"), .badVersion),
    (line("GET / HTTP/1.1 "), .badVersion),
    (line("GET / HTTP/1.1x"), .badVersion),
    (line("GET / HTTPS/1.1"), .badVersion),
    (line("GET / ICY/1.1"), .badVersion),
    (line("GET / / HTTP/1.1"), .badVersion),
    (line("GET  / HTTP/1.1"), .badTarget),
    (line("GET /  HTTP/1.1"), .badVersion),
    (line("GET\t/ HTTP/1.1"), .badMethod),
    (line("GET /\tHTTP/1.1"), .badTarget),
    (line(" GET / HTTP/1.1"), .badMethod),
    ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .badMethod),
    ("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .badMethod),
    (line("G(T / HTTP/1.1"), .badMethod),
    (line("G\u{0}T / HTTP/1.1"), .badMethod),
    (line("G\u{e9}T / HTTP/1.1"), .badMethod),
    (line("GET: / HTTP/1.1"), .badMethod),
    (line(String(repeating: "A", count: 32) + " / HTTP/1.1"), .methodTooLong),
    ("GET / HTTP/1.1\nHost: a\r\n\r\n", .bareLineEnd),
    ("GET / HTTP/1.1\rHost: a\r\n\r\n", .bareLineEnd),
    ("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", .bareLineEnd),
  ]

  /// RFC 9112 §3.2.
  static let targets: [(String, RequestError)] = [
    (line("GET /a#b HTTP/1.1"), .badTarget),
    (line("GET # HTTP/1.1"), .badTarget),
    (line("GET /\u{0} HTTP/1.1"), .badTarget),
    (line("GET /\u{1} HTTP/1.1"), .badTarget),
    (line("GET /\u{7f} HTTP/1.1"), .badTarget),
    (line("GET /\u{e9} HTTP/1.1"), .badTarget),
    (line("GET a HTTP/1.1"), .badTarget),
    (line("GET a.example/ HTTP/1.1"), .badTarget),
    (line("GET a:80 HTTP/1.1"), .badTarget),
    (line("GET ?a HTTP/1.1"), .badTarget),
    (line("GET \\a HTTP/1.1"), .badTarget),
    (line("GET * HTTP/1.1"), .badTarget),
    (line("OPTIONS ** HTTP/1.1"), .badTarget),
    (line("OPTIONS */ HTTP/1.1"), .badTarget),
    (line("options * HTTP/1.1"), .badTarget),
    (line("PRI * HTTP/2.0"), .badTarget),
    (line("GET ftp://a/ HTTP/1.1"), .badTarget),
    (line("GET ws://a/ HTTP/1.1"), .badTarget),
    (line("GET http:/a HTTP/1.1"), .badTarget),
    (line("GET http:a HTTP/1.1"), .badTarget),
    (line("GET http:/// HTTP/1.1"), .emptyHost),
    (line("GET http:// HTTP/1.1"), .emptyHost),
    (line("GET http://:80/ HTTP/1.1"), .emptyHost),
    (line("GET http://?a HTTP/1.1"), .emptyHost),
    (line("GET http://u@a/ HTTP/1.1"), .userinfoInHost),
    (line("GET http://u:p@a/ HTTP/1.1"), .userinfoInHost),
    (line("GET http://a\\@b/ HTTP/1.1"), .userinfoInHost),
    (line("GET http://a\\b/ HTTP/1.1"), .badHost),
    (line("GET http://a:/ HTTP/1.1"), .badPort),
    (line("GET http://a:0/ HTTP/1.1"), .badPort),
    (line("GET http://a:65536/ HTTP/1.1"), .badPort),
    (line("GET http://[::1/ HTTP/1.1"), .badHost),
    (line("GET http://[::1]x/ HTTP/1.1"), .badHost),
    (line("GET http://b/ HTTP/1.1"), .hostDiffersFromTarget),
    (line("GET http://aa/ HTTP/1.1"), .hostDiffersFromTarget),
    (line("GET http://a./ HTTP/1.1"), .hostDiffersFromTarget),
    (line("GET http://[::1]/ HTTP/1.1"), .hostDiffersFromTarget),
    (line("GET http://a:81/ HTTP/1.1"), .hostDiffersFromTarget),
    (line("GET https://a:80/ HTTP/1.1"), .hostDiffersFromTarget),
    ("GET http://a/ HTTP/1.1\r\nHost: a:81\r\n\r\n", .hostDiffersFromTarget),
    ("GET http://a/ HTTP/1.1\r\nHost: a:443\r\n\r\n", .hostDiffersFromTarget),
    ("GET http://a/ HTTP/1.0\r\nHost: b\r\n\r\n", .hostDiffersFromTarget),
    ("GET http://a/ HTTP/1.1\r\n\r\n", .missingHost),
    (line("CONNECT a HTTP/1.1"), .badPort),
    (line("CONNECT a: HTTP/1.1"), .badPort),
    (line("CONNECT :443 HTTP/1.1"), .emptyHost),
    (line("CONNECT / HTTP/1.1"), .badHost),
    (line("CONNECT * HTTP/1.1"), .badPort),
    (line("CONNECT http://a:80/ HTTP/1.1"), .badPort),
    (line("CONNECT u@a:443 HTTP/1.1"), .userinfoInHost),
    (line("CONNECT b:443 HTTP/1.1"), .hostDiffersFromTarget),
    ("CONNECT a:443 HTTP/1.1\r\nHost: a:444\r\n\r\n", .hostDiffersFromTarget),
    ("CONNECT a:443 HTTP/1.1\r\n\r\n", .missingHost),
  ]

  static let hosts: [(String, RequestError)] = [
    ("GET / HTTP/1.1\r\n\r\n", .missingHost),
    ("GET / HTTP/1.1\r\nXHost: a\r\n\r\n", .missingHost),
    ("GET / HTTP/1.1\r\nHosts: a\r\n\r\n", .missingHost),
    (fields("Host: a"), .repeatedHost),
    (fields("Host: b"), .repeatedHost),
    (fields("hOsT: a"), .repeatedHost),
    ("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", .repeatedHost),
    (host(""), .emptyHost), (host(" "), .emptyHost), (host(" \t "), .emptyHost),
    (host(" :80"), .emptyHost), (host(" []"), .emptyHost),
    ("GET / HTTP/1.0\r\nHost:\r\n\r\n", .emptyHost),
    (host(" u@a"), .userinfoInHost), (host(" u:p@a"), .userinfoInHost),
    (host(" a@"), .userinfoInHost), (host(" a:80@b"), .userinfoInHost),
    (host(" a:"), .badPort), (host(" a:x"), .badPort), (host(" a:80x"), .badPort),
    (host(" a:0"), .badPort), (host(" a:080"), .badPort), (host(" a:-1"), .badPort),
    (host(" a:+80"), .badPort), (host(" a:65536"), .badPort), (host(" a:100000"), .badPort),
    (host(" a:4294967376"), .badPort), (host(" a:80:80"), .badPort), (host(" a:80,b"), .badPort),
    (host(" a:8 0"), .badPort), (host(" [::1]:"), .badPort), (host(" a:80/"), .badPort),
    (host(" a b"), .badHost), (host(" a, b"), .badHost), (host(" a,b"), .badHost),
    (host(" a/b"), .badHost), (host(" a?b"), .badHost), (host(" a#b"), .badHost),
    (host(" a\\b"), .badHost), (host(" http://a"), .badPort), (host(" %61"), .badHost),
    (host(" a%00"), .badHost), (host(" a\tb"), .badHost), (host(" \u{e9}"), .badHost),
    (host(" <a>"), .badHost), (host(" \"a\""), .badHost), (host(" a|b"), .badHost),
    (host(" [::1"), .badHost), (host(" ::1"), .badPort), (host(" [::1]80"), .badHost),
    (host(" [fe80::1%25eth0]"), .badHost), (host(" [::1]]"), .badHost), (host(" a]"), .badHost),
    (host(" [v1.x]"), .badHost), (host(" 2001:db8::1"), .badPort),
    // Brackets around what no one reads as an address.
    (host(" [.]"), .badHost), (host(" [:]"), .badHost), (host(" [:::]"), .badHost),
    (host(" [1]"), .badHost), (host(" [abcd]"), .badHost), (host(" [192.0.2.1]"), .badHost),
    (host(" [1::2::3]"), .badHost), (host(" [:1::2]"), .badHost), (host(" [1::2:]"), .badHost),
    (host(" [12345::]"), .badHost), (host(" [1:2:3:4:5:6:7]"), .badHost),
    (host(" [1:2:3:4:5:6:7:8:9]"), .badHost), (host(" [1:2:3:4::5:6:7:8]"), .badHost),
    (host(" [::1.2]"), .badHost), (host(" [::1.2.3.256]"), .badHost),
    (host(" [::1.2.3.04]"), .badHost), (host(" [::1.2.3.4.]"), .badHost),
    (host(" [::1.2.3.4:5]"), .badHost), (host(" [::a.2.3.4]"), .badHost),
    (host(" [1:2:3:4:5:6:7:1.2.3.4]"), .badHost), (host(" [::1..2.3]"), .badHost),
  ]

  /// RFC 9112 §5 and §2.2.
  static let lines: [(String, RequestError)] = [
    (fields("X: a\nY: b"), .bareLineEnd),
    (fields("X: a\n"), .bareLineEnd),
    (fields("X: a\rY: b"), .bareLineEnd),
    (fields("X: a\r"), .bareLineEnd),
    (fields("X\n: a"), .bareLineEnd),
    (fields("X"), .badFieldName),
    (fields("X\rY: a"), .badFieldName),
    ("GET / HTTP/1.1\r\nHost: a\r\n\n", .bareLineEnd),
    ("GET / HTTP/1.1\r\nHost: a\r\n\rX", .bareLineEnd),
    ("GET / HTTP/1.1\r\nHost: a\n\n", .bareLineEnd),
    ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", .foldedLine),
    ("GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", .foldedLine),
    (fields("X: a\r\n b"), .foldedLine),
    (fields("X: a\r\n\tb"), .foldedLine),
    (fields("X: a\r\n Content-Length: 5"), .foldedLine),
    (fields("X : a"), .spaceBeforeColon),
    (fields("X\t: a"), .spaceBeforeColon),
    (fields("Content-Length : 5"), .spaceBeforeColon),
    (fields("Transfer-Encoding : chunked"), .spaceBeforeColon),
    (fields("X Y: a"), .spaceBeforeColon),
    (fields(": a"), .badFieldName),
    (fields("X(Y): a"), .badFieldName),
    (fields("X\u{0}Y: a"), .badFieldName),
    (fields("X\u{b}: a"), .badFieldName),
    (fields("\u{e9}: a"), .badFieldName),
    (fields("\"X\": a"), .badFieldName),
    (fields("X/Y: a"), .badFieldName),
    (fields("X@Y: a"), .badFieldName),
    (fields("X: a\u{0}b"), .badFieldValue),
    (fields("X: a\u{1}b"), .badFieldValue),
    (fields("X: a\u{8}b"), .badFieldValue),
    (fields("X: \u{b}a"), .badFieldValue),
    (fields("X: a\u{c}"), .badFieldValue),
    (fields("X: a\u{1b}[2J"), .badFieldValue),
    (fields("X: a\u{7f}"), .badFieldValue),
    (fields((0...128).map { "X\($0): a" }.joined(separator: "\r\n")), .tooManyFields),
    (fields((0...32).map { "X-Portarium-\($0): a" }.joined(separator: "\r\n")), .tooManyFields),
    (fields("X: " + String(repeating: "a", count: 65536)), .headTooLarge),
    (line("GET /\(String(repeating: "a", count: 65536)) HTTP/1.1"), .targetTooLong),
  ]

  /// RFC 9112 §6: request smuggling.
  static let framing: [(String, RequestError)] = [
    (fields("Content-Length: 5\r\nTransfer-Encoding: chunked"), .contentLengthWithTransferEncoding),
    (fields("Transfer-Encoding: chunked\r\nContent-Length: 5"), .contentLengthWithTransferEncoding),
    (fields("Transfer-Encoding: chunked\r\nContent-Length: 0"), .contentLengthWithTransferEncoding),
    (
      fields("Content-Length: 5\r\nTransfer-Encoding: xchunked"), .contentLengthWithTransferEncoding
    ),
    (fields("Content-Length: 5\r\nContent-Length: 6"), .repeatedContentLength),
    (fields("Content-Length: 5\r\nContent-Length: 5"), .repeatedContentLength),
    (fields("Content-Length: 5\r\nX: y\r\ncontent-length: 0"), .repeatedContentLength),
    (fields("Content-Length: 5, 5"), .badContentLength),
    (fields("Content-Length: 5,6"), .badContentLength),
    (fields("Content-Length:"), .badContentLength),
    (fields("Content-Length: "), .badContentLength),
    (fields("Content-Length: +5"), .badContentLength),
    (fields("Content-Length: -5"), .badContentLength),
    (fields("Content-Length: 5 5"), .badContentLength),
    (fields("Content-Length: 0x5"), .badContentLength),
    (fields("Content-Length: 5.0"), .badContentLength),
    (fields("Content-Length: 5;"), .badContentLength),
    (fields("Content-Length: \"5\""), .badContentLength),
    (fields("Content-Length: 5_000"), .badContentLength),
    (fields("Content-Length: \u{b2}"), .badContentLength),
    (fields("Content-Length: five"), .badContentLength),
    (fields("Content-Length: 9223372036854775808"), .contentLengthTooLarge),
    (fields("Content-Length: 18446744073709551616"), .contentLengthTooLarge),
    (fields("Content-Length: 18446744073709551621"), .contentLengthTooLarge),
    (fields("Content-Length: \(String(repeating: "9", count: 400))"), .contentLengthTooLarge),
    (fields("Content-Length: 00000000000000000005"), .contentLengthTooLarge),
    (fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), .repeatedTransferEncoding),
    (fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: x"), .repeatedTransferEncoding),
    (fields("Transfer-Encoding: identity"), .unknownTransferCoding),
    (fields("Transfer-Encoding: gzip, chunked"), .unknownTransferCoding),
    (fields("Transfer-Encoding: chunked, identity"), .unknownTransferCoding),
    (fields("Transfer-Encoding: chunked, chunked"), .unknownTransferCoding),
    (fields("Transfer-Encoding: chunked,"), .unknownTransferCoding),
    (fields("Transfer-Encoding: ,chunked"), .unknownTransferCoding),
    (fields("Transfer-Encoding: chunked;q=1"), .unknownTransferCoding),
    (fields("Transfer-Encoding: xchunked"), .unknownTransferCoding),
    (fields("Transfer-Encoding: chunkedx"), .unknownTransferCoding),
    (fields("Transfer-Encoding: \"chunked\""), .unknownTransferCoding),
    (fields("Transfer-Encoding: chunke"), .unknownTransferCoding),
    (fields("Transfer-Encoding: x chunked"), .unknownTransferCoding),
    (fields("Transfer-Encoding:"), .unknownTransferCoding),
    (fields("Transfer-Encoding: \u{b}chunked"), .badFieldValue),
    (fields("Transfer-Encoding:\r\n chunked"), .unknownTransferCoding),
    ("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", .transferEncodingInHTTP10),
    ("CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", .bodyOnConnect),
    ("CONNECT a:1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", .bodyOnConnect),
    (fields("Connection: content-length"), .connectionDropsField),
    (fields("Connection: close, Transfer-Encoding"), .connectionDropsField),
    (fields("Connection: keep-alive,HOST"), .connectionDropsField),
    (fields("Connection: traceparent"), .connectionDropsField),
    (fields("Connection: a, TraceState"), .connectionDropsField),
    (fields("Connection: x-portarium-workspace-id"), .connectionDropsField),
    (fields("Connection: close,X_Portarium_agent-spiffe-id"), .connectionDropsField),
  ]

  static let all = requestLines + targets + hosts + lines + framing

  @Test("is refused", arguments: all)
  func isRefused(_ input: String, _ error: RequestError) {
    let bytes = input.unicodeScalars.map { UInt8($0.value) }
    #expect(Verdict.request(bytes) == .malformed("\(error)"))
  }

  @Test("is refused at the same byte however it comes, and for good", arguments: all)
  func isRefusedByteByByte(_ input: String, _ error: RequestError) {
    let bytes = input.unicodeScalars.map { UInt8($0.value) }
    var reader = RequestHeadReader()
    expectSameByteByByte(bytes, whole: .malformed("\(error)")) {
      Verdict(reader.advance($0), bytes)
    }
    let sound = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    #expect(Verdict(reader.advance((bytes + sound).span), bytes + sound) == .malformed("\(error)"))
  }

  @Test("is never waited on: the malformed byte is enough")
  func isSeenAtOnce() {
    for (input, error) in [
      ("G(", "badMethod"), ("GET /\u{7f}", "badTarget"), ("GET / X", "badVersion"),
      ("GET / HTTP/2.0", "unsupportedVersion"), ("GET / HTTP/1.1\n", "bareLineEnd"),
      ("GET / HTTP/1.1\r\n ", "foldedLine"), ("GET / HTTP/1.1\r\nX ", "spaceBeforeColon"),
      ("GET / HTTP/1.1\r\nX: \0", "badFieldValue"), ("GET / HTTP/1.1\r\nHost: a\n", "bareLineEnd"),
      ("GET http://u@a ", "userinfoInHost"), ("GET / HTTP/1.1\r\nHost: a@b\r\n", "userinfoInHost"),
    ] {
      #expect(Verdict.request(Array(input.utf8)) == .malformed(error), "\(input)")
    }
  }

  @Test("is answered with the status that fits")
  func statuses() {
    let expected: [(RequestError, UInt16)] = [
      (.badMethod, 400), (.methodTooLong, 501), (.targetTooLong, 414), (.unsupportedVersion, 505),
      (.badVersion, 400), (.headTooLarge, 431), (.tooManyFields, 431),
      (.contentLengthTooLarge, 413), (.unknownTransferCoding, 501), (.repeatedHost, 400),
    ]
    for (error, status) in expected { #expect(error.status == status) }
    #expect(RequestError.allCases.allSatisfy { (400...505).contains($0.status) })
  }

  @Test("is ambiguous about its host, or malformed")
  func hostIsAmbiguous() {
    let ambiguous: [RequestError] = [
      .repeatedHost, .emptyHost, .userinfoInHost, .badHost, .badPort, .hostDiffersFromTarget,
    ]
    for error in RequestError.allCases {
      #expect(error.isAmbiguousHost == ambiguous.contains(error))
    }
  }
}
