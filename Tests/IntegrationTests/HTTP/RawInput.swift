import Testing

/// Bytes that a client sends on one connection, request by request, and what must become of each.
///
/// Texts stand for bytes: one scalar below U+0100 each.
struct RawInput: Sendable, CustomTestStringConvertible {
  let testDescription: String
  var requests: [RawRequest]
  /// Whose destination a rule names by address, so that a request needs no Host.
  var isAddressed = false
  /// What becomes of it depends on how much of it there is at once.
  var isInOnePiece = false
  /// The client ends its direction behind the last byte, though it is owed nothing.
  var isCutShort = false

  init(_ description: String, _ requests: [RawRequest]) {
    testDescription = description
    self.requests = requests
  }
}

/// One request of a `RawInput`, or what was meant to be taken for one.
struct RawRequest: Sendable {
  enum Verdict: Sendable {
    /// The upstream gets these bytes, and nobody else's.
    case forwarded(String)
    /// The policy says no: 403 with the reason.
    case denied(reason: String)
    /// It can't be judged: nothing of it is forwarded, and the connection closes.
    case refused(status: Int, reason: String)
    /// As `refused`, found in the body: where that comes in parts, some may have been forwarded.
    case refusedInBody
  }

  let text: String
  let verdict: Verdict
  /// What a connection that begins with it is taken for.
  enum Kind: Sendable {
    case http
    /// HTTP/2 with prior knowledge: refused in its own language.
    case http2
    /// Nothing that is known: the connection is reset.
    case opaque
  }
  var first = Kind.http
  /// No request may follow on the connection.
  var closes = false

  static func passes(_ text: String, as forwarded: String? = nil) -> RawRequest {
    RawRequest(text: text, verdict: .forwarded(forwarded ?? text))
  }

  static func denied(_ text: String, _ reason: String) -> RawRequest {
    RawRequest(text: text, verdict: .denied(reason: reason))
  }

  static func refused(
    _ text: String, _ status: Int = 400, _ reason: String = "malformed-request"
  ) -> RawRequest {
    RawRequest(text: text, verdict: .refused(status: status, reason: reason), closes: true)
  }

  /// The same, after which the connection is over.
  var last: RawRequest {
    var request = self
    request.closes = true
    return request
  }
}

extension RawInput {
  /// One request that must reach the upstream byte for byte.
  static func passes(_ description: String, _ text: String) -> RawInput {
    RawInput(description, [.passes(text)])
  }

  /// The same, where some of the bytes are left out.
  static func passes(_ description: String, _ text: String, as forwarded: String) -> RawInput {
    RawInput(description, [.passes(text, as: forwarded)])
  }

  static func refused(
    _ description: String, _ text: String, _ status: Int = 400,
    _ reason: String = "malformed-request"
  ) -> RawInput {
    RawInput(description, [.refused(text, status, reason)])
  }

  static func ambiguous(_ description: String, _ text: String) -> RawInput {
    refused(description, text, 400, "ambiguous-host")
  }

  /// Refused behind another request; at a connection's beginning not taken for HTTP.
  static func opaque(_ description: String, _ text: String, _ status: Int = 400) -> RawInput {
    var request = RawRequest.refused(text, status)
    request.first = .opaque
    return RawInput(description, [request])
  }

  /// The same, where it is HTTP/2.
  static func http2(_ description: String, _ text: String) -> RawInput {
    var input = opaque(description, text)
    input.requests[0].first = .http2
    return input
  }

  /// A chunked body behind a sound head.
  static func refusedBody(_ description: String, _ body: String) -> RawInput {
    let text = Raw.post("Transfer-Encoding: chunked", body)
    return RawInput(
      description, [RawRequest(text: text, verdict: .refusedInBody, closes: true)])
  }

  static func denied(_ description: String, _ text: String, _ reason: String) -> RawInput {
    RawInput(description, [.denied(text, reason)])
  }

  /// The last request ends the connection.
  var closing: RawInput {
    var input = self
    input.requests[requests.count - 1].closes = true
    return input
  }

  var addressed: RawInput {
    var input = self
    input.isAddressed = true
    return input
  }

  var inOnePiece: RawInput {
    var input = self
    input.isInOnePiece = true
    return input
  }

  var cutShort: RawInput {
    var input = self
    input.isCutShort = true
    return input
  }
}

/// The requests that inputs are made of.
enum Raw {
  static let host = "api.example.com"
  /// What is sent first where an input is to be a connection's second request.
  static let sound = get("/sound")
  /// What hides behind a request that is refused.
  static let smuggled = get("/smuggled")

  /// A head with one line, a Host and `fields` (lines without the last CRLF).
  static func head(_ line: String, _ fields: String = "") -> String {
    "\(line)\r\nHost: \(host)\r\n\(fields.isEmpty ? "" : fields + "\r\n")\r\n"
  }

  static func get(_ target: String, _ fields: String = "") -> String {
    head("GET \(target) HTTP/1.1", fields)
  }

  static func post(_ fields: String, _ body: String = "") -> String {
    head("POST /post HTTP/1.1", fields) + body
  }

  /// A request with this Host field, `value` being all behind the colon.
  static func host(_ value: String) -> String { "GET /host HTTP/1.1\r\nHost:\(value)\r\n\r\n" }

  static func chunked(_ body: String) -> String { post("Transfer-Encoding: chunked", body) }

  static func repeating(_ text: String, _ count: Int) -> String {
    String(repeating: text, count: count)
  }

  /// The bytes that a text stands for.
  static func bytes(_ text: String) -> [UInt8] {
    text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
  }
}
