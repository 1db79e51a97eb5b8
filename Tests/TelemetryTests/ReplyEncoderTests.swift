import Addressing
import Foundation
import Policy
import Telemetry
import Testing

@Suite("A reply of the proxy's own")
struct ReplyEncoderTests {
  @Test("to a refused request says what, why and where")
  func denial() throws {
    let reply = try Reply(denial: Denial(.methodNotAllowed))
    #expect(reply.statusLine == "HTTP/1.1 403 Forbidden")
    #expect(reply.fields["content-type"] == "application/json")
    #expect(reply.fields["x-portarium-deny-reason"] == "method-not-allowed")
    #expect(reply.fields["connection"] == nil)
    let body = try parse(reply.body)
    #expect(body["error"] as? String == "EgressDenied")
    #expect(body["reason"] as? String == "method-not-allowed")
    #expect(body["host"] as? String == "api.github.com")
    #expect(body["port"] as? Int == 443)
    #expect(body["method"] as? String == "DELETE")
    #expect(body["workspaceId"] as? String == "ws-billing")
    #expect(body["auditId"] as? String == AuditID.sample.description)
    #expect((body["message"] as? String)?.isEmpty == false)
  }

  @Test("suggests the rule that would allow the request")
  func suggestedRule() throws {
    let body = try parse(Reply(denial: Denial(.methodNotAllowed)).body)
    let rule = try #require(body["suggestedRule"] as? [String: Any])
    #expect(rule["hostPattern"] as? String == "api.github.com")
    #expect(rule["port"] as? Int == 443)
    #expect(rule["allowedMethods"] as? [String] == ["DELETE"])
    #expect(try parse(Reply(denial: Denial(.loopDetected)).body)["suggestedRule"] == nil)
  }

  @Test("names the address where the flow has no name")
  func denialWithoutName() throws {
    let body = try parse(Reply(denial: Denial(.noServerName), name: nil).body)
    #expect(body["host"] as? String == "2001:db8::1")
  }

  @Test("is well-formed for every reason", arguments: DenyReason.allCases)
  func everyReason(reason: DenyReason) throws {
    let reply = try Reply(denial: Denial(reason))
    #expect(reply.statusLine.hasPrefix("HTTP/1.1 \(reason.replyStatus) "))
    #expect(reply.fields["x-portarium-deny-reason"] == reason.rawValue)
    #expect(try parse(reply.body)["reason"] as? String == reason.rawValue)
  }

  @Test(
    "says by its status who may do something about it",
    arguments: [
      (.hostNotAllowed, 403), (.peerNotAllowed, 403), (.noPeerCertificate, 403),
      (.rateLimited, 429), (.upstreamVerificationFailed, 502), (.connectionLimit, 503),
      (.tokenUnavailable, 503), (.identityUnavailable, 503),
    ] as [(DenyReason, UInt16)])
  func status(reason: DenyReason, status: UInt16) {
    #expect(reason.replyStatus == status)
  }

  @Test("names neither host nor port where the flow never came to be")
  func denialWithoutFlow() throws {
    var buffer = TextBuffer()
    ReplyEncoder(workspaceID: "w").appendDenial(
      Denial(.originalDestinationUnavailable), flow: nil, auditID: .sample,
      options: .init(omitsBody: false, closes: true), to: &buffer)
    let reply = try Reply(buffer.description)
    #expect(reply.fields["connection"] == "close")
    let body = try parse(reply.body)
    #expect(Set(body.keys) == ["error", "reason", "message", "workspaceId", "auditId"])
  }

  @Test("to a HEAD has the same header fields and no body")
  func head() throws {
    let full = try Reply(denial: Denial(.hostNotAllowed))
    let head = try Reply(denial: Denial(.hostNotAllowed), omitsBody: true)
    #expect(head.body.isEmpty)
    #expect(head.fields == full.fields)
  }

  @Test("tells an unreachable upstream from a slow one", arguments: UpstreamFailure.allCases)
  func upstreamFailure(failure: UpstreamFailure) throws {
    var buffer = TextBuffer()
    ReplyEncoder(workspaceID: "w").appendUpstreamFailure(
      failure, flow: .sample(), auditID: .sample,
      options: .init(omitsBody: false, closes: false), to: &buffer)
    let reply = try Reply(buffer.description)
    #expect(failure.status == (failure == .timedOut ? 504 : 502))
    #expect(reply.statusLine.hasPrefix("HTTP/1.1 \(failure.status) "))
    #expect(reply.fields["x-portarium-deny-reason"] == nil)
    let body = try parse(reply.body)
    #expect(body["error"] as? String == "UpstreamFailure")
    #expect(body["reason"] as? String == failure.rawValue)
    #expect(body["host"] as? String == "api.github.com")
  }

  @Test("to a malformed request closes and has its status", arguments: RequestFault.allCases)
  func requestFault(fault: RequestFault) throws {
    var buffer = TextBuffer()
    ReplyEncoder(workspaceID: "w").appendRequestFault(
      fault, reason: .malformedRequest, auditID: .sample, to: &buffer)
    let reply = try Reply(buffer.description)
    #expect(reply.statusLine.hasPrefix("HTTP/1.1 \(fault.rawValue) "))
    #expect(reply.fields["connection"] == "close")
    #expect(reply.fields["x-portarium-deny-reason"] == "malformed-request")
    let body = try parse(reply.body)
    #expect(body["error"] as? String == "MalformedRequest")
    #expect((body["message"] as? String)?.hasSuffix(".") == true)
  }

  @Test("to a malformed HEAD has no body either")
  func requestFaultOfHead() throws {
    var buffer = TextBuffer()
    ReplyEncoder(workspaceID: "w").appendRequestFault(
      .badRequest, reason: .ambiguousHost, auditID: .sample, omitsBody: true, to: &buffer)
    #expect(try Reply(buffer.description).body.isEmpty)
  }

  @Test("to HTTP/2 is a GOAWAY that asks for HTTP/1.1 and says why, byte for byte")
  func goAway() throws {
    var buffer = TextBuffer()
    ReplyEncoder(workspaceID: "w").appendGoAway(
      Denial(.opaqueProtocol), flow: .sample(), auditID: .sample, to: &buffer)
    let debug =
      "opaque-protocol: HTTP/2 to [2001:db8::1]:443 can't be judged, and no rule allows the "
      + "address; use HTTP/1.1. auditId \(AuditID.sample)"
    var expected: [UInt8] = [
      0, 0, 0, 4, 0, 0, 0, 0, 0,  // SETTINGS, empty, on stream 0
      0, 0, UInt8(8 + debug.utf8.count), 7, 0, 0, 0, 0, 0,  // GOAWAY
      0, 0, 0, 0, 0, 0, 0, 0xd,  // no stream was processed; HTTP_1_1_REQUIRED
    ]
    expected += Array(debug.utf8)
    #expect((0..<buffer.count).map { buffer.bytes[$0] } == expected)
  }

  @Test("to HTTP/2 names every reason, and stays within a frame", arguments: DenyReason.allCases)
  func goAwayReasons(reason: DenyReason) {
    for flow in [nil, Flow.sample()] {
      var buffer = TextBuffer()
      ReplyEncoder(workspaceID: "w").appendGoAway(
        Denial(reason), flow: flow, auditID: .sample, to: &buffer)
      let length = Int(buffer.bytes[9]) << 16 | Int(buffer.bytes[10]) << 8 | Int(buffer.bytes[11])
      #expect(length == buffer.count - 18)
      #expect(length <= 16384)
      #expect(buffer.description.contains("\(reason.rawValue): "))
    }
  }

  @Test("can't be split by what the request holds")
  func escaping() throws {
    var buffer = TextBuffer()
    ReplyEncoder(workspaceID: "w\"\r\nx: y").appendRequestFault(
      .badRequest, reason: .malformedRequest, auditID: .sample, to: &buffer)
    let reply = try Reply(buffer.description)
    #expect(reply.fields["x"] == nil)
    #expect(try parse(reply.body)["workspaceId"] as? String == "w\"\r\nx: y")
  }
}

/// A response, taken apart; its content-length has been checked against the body.
private struct Reply {
  let statusLine: String
  let fields: [String: String]
  let body: String

  init(_ text: String) throws {
    let blank = try #require(text.range(of: "\r\n\r\n"))
    let lines = text[..<blank.lowerBound].components(separatedBy: "\r\n")
    statusLine = lines[0]
    var fields: [String: String] = [:]
    for line in lines.dropFirst() {
      let colon = try #require(line.range(of: ": "))
      fields[String(line[..<colon.lowerBound])] = String(line[colon.upperBound...])
    }
    self.fields = fields
    body = String(text[blank.upperBound...])
    if !body.isEmpty { #expect(fields["content-length"] == "\(body.utf8.count)") }
  }

  init(denial: Denial, name: String? = "api.github.com", omitsBody: Bool = false) throws {
    var buffer = TextBuffer()
    ReplyEncoder(workspaceID: "ws-billing").appendDenial(
      denial, flow: .sample(name: name), auditID: .sample,
      options: .init(omitsBody: omitsBody, closes: false), to: &buffer)
    try self.init(buffer.description)
  }
}

extension AuditID {
  fileprivate static let sample = AuditID(milliseconds: 1, random: 2)
}

extension Flow {
  fileprivate static func sample(name: String? = "api.github.com") -> Flow {
    Flow(
      destination: OriginalDestination(Endpoint(address: IPAddress("2001:db8::1")!, port: 443)),
      name: name.flatMap { try? HostName(flowBytes: Array($0.utf8).span) },
      content: .http(method: HTTPMethod("DELETE")!))
  }
}
