import SeededRandom

/// Makes pipelines of requests, sound ones and ones that were tampered with where it hurts.
struct DifferentialInput {
  private var random: SeededGenerator

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  /// One to four requests; in three of four pipelines something was changed.
  mutating func next() -> String {
    var bytes = (0..<Int.random(in: 1...4, using: &random)).flatMap { _ in Raw.bytes(request()) }
    if Int.random(in: 0..<4, using: &random) > 0 {
      for _ in 0..<Int.random(in: 1...3, using: &random) { tamper(&bytes) }
    }
    return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
  }

  // MARK: Sound requests

  private mutating func request() -> String {
    let method = pick(["GET", "GET", "HEAD", "POST", "POST", "PUT", "OPTIONS", "DELETE"])
    let host = pick([
      "api.example.com", "api.example.com", "API.example.com:80", "api.example.com",
      "other.example.net",
    ])
    var target = "/" + word(0...8) + pick(["", "", "?" + word(0...6), "//" + word(1...3)])
    if Int.random(in: 0..<12, using: &random) == 0 { target = "http://\(host)\(target)" }
    var fields = ["Host: \(host)"]
    for _ in 0..<Int.random(in: 0...4, using: &random) { fields.append(field()) }
    let version = pick(["1.1", "1.1", "1.1", "1.1", "1.1", "1.0"])
    if version == "1.0", Bool.random(using: &random) { fields.append("Connection: keep-alive") }
    var body = ""
    switch Int.random(in: 0..<3, using: &random) {
    case 0 where method != "GET" && method != "HEAD":
      body = word(0...40)
      fields.append("Content-Length: \(body.utf8.count)")
    case 1 where version == "1.1" && method != "GET" && method != "HEAD":
      body = chunked()
      fields.append("Transfer-Encoding: chunked")
    default: break
    }
    fields.shuffle(using: &random)
    return "\(method) \(target) HTTP/\(version)\r\n"
      + fields.map { $0 + "\r\n" }.joined() + "\r\n" + body
  }

  private mutating func field() -> String {
    let name = pick(["X-", "x_", "Accept-", "A", "Cookie", "Content-Type", "If-None-Match", "TE"])
    let value = pick([
      "", " ", " a", "b", "  \t c\t", " \u{fc}", " a, b;q=0.1", " \"d\\\"e\"", " :",
    ])
    return name + (name.hasSuffix("-") || name.hasSuffix("_") ? word(1...6) : "") + ":" + value
  }

  private mutating func chunked() -> String {
    var body = ""
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      let data = word(1...20)
      let size = pick(["", "0", "000"]) + String(data.utf8.count, radix: 16)
      body += "\(size)\(chunkExtension())\r\n\(data)\r\n"
    }
    let trailers = (0..<Int.random(in: 0...2, using: &random)).map { _ in "X-\(word(1...4)): t\r\n"
    }
    return body + "0\(chunkExtension())\r\n\(trailers.joined())\r\n"
  }

  private mutating func chunkExtension() -> String {
    pick(["", "", ";a", ";a=b", ";a=\"b;c\"", ";a=b;c"])
  }

  // MARK: Tampering

  /// What requests were smuggled with.
  private static let dictionary = [
    "\r\n", "\n", "\r", "\r\n\r\n", " ", "\t", "\u{0}", "\u{b}", "\u{c}", "\u{7f}", "\u{80}",
    "\u{ff}",
    ":", ",", ";", "+", "-", "0x", "0", "\"", "#", "@", "%0d%0a", "chunked, ", ", chunked",
    "Transfer-Encoding: chunked\r\n", "Transfer-Encoding : chunked\r\n",
    "Transfer-Encoding:\u{b}chunked\r\n", "Transfer-Encoding: identity\r\n",
    "Transfer-Encoding: xchunked\r\n", "Transfer_Encoding: chunked\r\n", "X: a\r\n b\r\n",
    "X: a\nTransfer-Encoding: chunked\r\n", "Content-Length: 0\r\n", "Content-Length: 5\r\n",
    "Content-Length: 005\r\n", "Content-Length: 3\r\nContent-Length: 4\r\n",
    "Content_Length: 9\r\n",
    "Content-Length: +3\r\n", "Content-Length: 3, 3\r\n", "Host: other.example.net\r\n",
    "Host : api.example.com\r\n", "0\r\n\r\n", "5\r\nhello\r\n", "5;\nx\r\n", "1 \r\n", " HTTP/1.1",
    "HTTP/1.0", "HTTP/2.0", "Connection: close\r\n", "Connection: keep-alive\r\n",
    "Connection: content-length\r\n", "Connection: Upgrade\r\nUpgrade: websocket\r\n",
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n",
    "Expect: 100-continue\r\n", "Trailer: X\r\n", "X-Portarium-Workspace-Id: a\r\n",
    "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n",
    "tracestate: a=b\r\n",
    "GET /smuggled HTTP/1.1\r\nHost: api.example.com\r\n\r\n", "GET http://api.example.com/ ",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  ].map(Raw.bytes)

  private mutating func tamper(_ bytes: inout [UInt8]) {
    let place = structuralPlace(bytes)
    switch Int.random(in: 0..<8, using: &random) {
    case 0...3:
      bytes.insert(contentsOf: Self.dictionary.randomElement(using: &random)!, at: place)
    case 4: if place < bytes.count { bytes.remove(at: place) }
    case 5: if place < bytes.count { bytes[place] = UInt8.random(in: 0...255, using: &random) }
    case 6: if place < bytes.count { bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random) }
    default:
      // A line again, somewhere else.
      let lines = bytes.split(separator: 10, omittingEmptySubsequences: false)
      let line = Array(lines.randomElement(using: &random)!) + [10]
      bytes.insert(contentsOf: line, at: lineStart(bytes))
    }
  }

  /// Beside a byte that a parser looks for, or at a line's start; seldom anywhere.
  private mutating func structuralPlace(_ bytes: [UInt8]) -> Int {
    switch Int.random(in: 0..<5, using: &random) {
    case 0: return Int.random(in: 0...bytes.count, using: &random)
    case 1, 2: return lineStart(bytes)
    default:
      let structural = bytes.indices.filter { Array("\r\n: ,;0".utf8).contains(bytes[$0]) }
      return (structural.randomElement(using: &random) ?? 0) + Int.random(in: 0...1, using: &random)
    }
  }

  private mutating func lineStart(_ bytes: [UInt8]) -> Int {
    let ends = bytes.indices.filter { bytes[$0] == 10 }
    return ends.randomElement(using: &random).map { $0 + 1 } ?? 0
  }

  // MARK: Choices

  private mutating func pick<Element>(_ choices: [Element]) -> Element {
    choices.randomElement(using: &random)!
  }

  private mutating func word(_ length: ClosedRange<Int>) -> String {
    let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789-._~")
    return String(
      (0..<Int.random(in: length, using: &random)).map { _ in letters.randomElement(using: &random)!
      })
  }
}
