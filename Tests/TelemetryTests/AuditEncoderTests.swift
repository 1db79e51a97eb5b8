import Addressing
import Foundation
import Policy
import Telemetry
import Testing

@Suite("An audit line")
struct AuditEncoderTests {
  @Test("carries every field in the documented order")
  func everyField() throws {
    #expect(
      line(.sample, host: "api.github.com", method: "GET", path: "/repos", traceparent: "00-a-b-01")
        == """
        {"timestamp":"2026-11-21T07:00:00.000000042Z",\
        "auditId":"019f0000-0000-7000-8000-000000000001","workspaceId":"ws-billing","workerId":3,\
        "direction":"outbound","enforcementMode":"monitor","enforced":false,\
        "policyDecision":"deny","policyReason":"method-not-allowed","matchedRule":"github",\
        "policy":"team-a",\
        "protocol":"http","sourceAddress":"10.1.0.1","sourcePort":45678,\
        "destinationAddress":"2606:50c0:8000::153","destinationHost":"api.github.com",\
        "destinationPort":443,"httpMethod":"GET","httpPath":"/repos","responseStatus":200,\
        "outcome":"completed","bytesSent":312,"bytesReceived":18446744073709551615,\
        "latencyMs":12.345,"traceparent":"00-a-b-01"}

        """)
  }

  @Test("is the data of a CloudEvent where that is asked for")
  func cloudEvent() throws {
    let plain = line(.sample, host: "a\"b", method: "GET", path: "/", traceparent: "00-a-b-01")
    let event = line(
      .sample, host: "a\"b", method: "GET", path: "/", traceparent: "00-a-b-01",
      format: .cloudEvents)
    #expect(
      event == """
        {"specversion":"1.0","type":"io.portarium.audit.v1",\
        "source":"/workspaces/ws-billing/workers/3",\
        "id":"019f0000-0000-7000-8000-000000000001","time":"2026-11-21T07:00:00.000000042Z",\
        "datacontenttype":"application/json","data":\(plain.dropLast())}

        """)
    #expect(try parse(event)["data"] is [String: Any])
  }

  @Test("leaves out what is unknown")
  func unknownLeftOut() throws {
    var record = AuditRecord.sample
    record.reason = nil
    record.matchedRule = nil
    record.policy = nil
    record.destination = nil
    record.responseStatus = 0
    let object = try parse(line(record))
    #expect(
      Set(object.keys) == [
        "timestamp", "auditId", "workspaceId", "workerId", "direction", "enforcementMode",
        "enforced", "policyDecision", "protocol", "sourceAddress", "sourcePort", "outcome",
        "bytesSent", "bytesReceived", "latencyMs",
      ])
  }

  @Test("names each outcome, decision and protocol as the interface does")
  func closedVocabulary() throws {
    let outcomes: [(AuditRecord.Outcome, String)] = [
      (.completed, "completed"), (.denied, "denied"), (.upstreamFailed, "upstream-failed"),
      (.clientGone, "client-gone"), (.timedOut, "timed-out"), (.shutdown, "shutdown"),
    ]
    for (outcome, text) in outcomes {
      var record = AuditRecord.sample
      record.outcome = outcome
      #expect(try parse(line(record))["outcome"] as? String == text)
    }
    for (kind, text) in [
      (AuditRecord.ApplicationProtocol.http, "http"), (.tls, "tls"), (.tcp, "tcp"),
    ] {
      var record = AuditRecord.sample
      record.applicationProtocol = kind
      #expect(try parse(line(record))["protocol"] as? String == text)
    }
    var record = AuditRecord.sample
    record.direction = .inbound
    record.enforcementMode = .enforce
    record.enforced = true
    record.decision = .allow
    let object = try parse(line(record))
    #expect(object["direction"] as? String == "inbound")
    #expect(object["enforcementMode"] as? String == "enforce")
    #expect(object["enforced"] as? Bool == true)
    #expect(object["policyDecision"] as? String == "allow")
  }

  @Test("names the deny reason by its identifier", arguments: DenyReason.allCases)
  func denyReasons(reason: DenyReason) throws {
    var record = AuditRecord.sample
    record.reason = reason
    #expect(try parse(line(record))["policyReason"] as? String == reason.rawValue)
  }

  @Test(
    "gives latency in milliseconds to the microsecond",
    arguments: [
      (0, "0.000"), (999, "0.000"), (1000, "0.001"), (1_000_000, "1.000"),
      (12_345_678, "12.345"), (3_600_000_000_000, "3600000.000"),
      (.max, "18446744073709.551"),
    ] as [(UInt64, String)])
  func latency(nanoseconds: UInt64, text: String) {
    var record = AuditRecord.sample
    record.latencyNanoseconds = nanoseconds
    #expect(line(record).contains("\"latencyMs\":\(text)}"))
  }

  @Test(
    "is one line of valid JSON whatever the wire held",
    arguments: [
      "\u{0}\r\n\t\u{1b}[31m", "\"},{\"policyDecision\":\"allow", "\\", "</script>",
      "\u{7f}\u{85}\u{9b}2J", "日本語/ä/🦜", "\u{2028}",
    ])
  func hostileText(text: String) throws {
    let line = line(.sample, host: text, method: text, path: text, traceparent: text)
    #expect(line.utf8.filter { $0 == UInt8(ascii: "\n") }.count == 1)
    let controls = line.unicodeScalars.filter { $0.properties.generalCategory == .control }
    #expect(controls.map(\.value) == [0x0a])
    let object = try parse(line)
    for key in ["destinationHost", "httpMethod", "httpPath", "traceparent"] {
      #expect(object[key] as? String == text)
    }
    #expect(object["policyDecision"] as? String == "deny")
  }

  @Test(
    "writes bytes that are no UTF-8 as a URL would",
    arguments: [
      ([0x2f, 0xff], "/%FF"), ([0xc3], "%C3"), ([0xc3, 0x41], "%C3A"), ([0x80, 0x80], "%80%80"),
      // Overlong forms, a surrogate, beyond U+10FFFF: the encodings that fool filters.
      ([0xc0, 0xaf], "%C0%AF"), ([0xe0, 0x80, 0xaf], "%E0%80%AF"),
      ([0xed, 0xa0, 0x80], "%ED%A0%80"), ([0xf4, 0x90, 0x80, 0x80], "%F4%90%80%80"),
      ([0xf0, 0x9f, 0xa6], "%F0%9F%A6"), ([0xf0, 0x9f, 0xa6, 0x9c], "🦜"),
      ([0xe2, 0x82, 0xac, 0xe2], "€%E2"),
    ] as [([UInt8], String)])
  func malformedUTF8(bytes: [UInt8], text: String) throws {
    var buffer = TextBuffer()
    buffer.append(escaping: bytes.span)
    #expect(buffer.description == text)
  }

  @Test("agrees with the standard library on what is well-formed UTF-8")
  func validityOracle() {
    // Every lead byte and every second byte, with the third and fourth at their edges.
    for lead in UInt8(0x80)...0xff {
      for second in UInt8(0x7f)...0xc0 {
        for tail in [[], [0x7f], [0x80], [0x80, 0x80], [0xbf, 0xbf], [0xbf, 0xc0]] as [[UInt8]] {
          let bytes = [lead, second] + tail
          var buffer = TextBuffer()
          buffer.append(escaping: bytes.span)
          let keepsAll = String(validating: bytes, as: UTF8.self) != nil
          #expect(buffer.description.contains("%") != keepsAll, "\(bytes)")
        }
      }
    }
  }

  @Test(
    "escapes each control character also where it stands alone",
    arguments: 0...0xa1 as ClosedRange<UInt32>)
  func loneCharacters(code: UInt32) throws {
    let text = String(try #require(Unicode.Scalar(code)))
    let isControl = code < 0x20 || (0x7f...0x9f).contains(code)
    var buffer = TextBuffer()
    buffer.append(escaping: text)
    #expect(buffer.description.hasPrefix("\\") == (isControl || text == "\"" || text == "\\"))
    #expect(try parse("{\"x\":\"\(buffer.description)\"}")["x"] as? String == text)
  }

  @Test("writes an IPv4-mapped source as the IPv4 address it is")
  func mappedSource() throws {
    var record = AuditRecord.sample
    let address = try #require(IPAddress("::ffff:10.1.0.1"))
    record.source = ClientAddress(Endpoint(address: address, port: 1))
    #expect(try parse(line(record))["sourceAddress"] as? String == "10.1.0.1")
  }

  @Test("escapes the workspace and the rule's name too")
  func configuredTexts() throws {
    var record = AuditRecord.sample
    record.matchedRule = #"a "quoted" rule"#
    let object = try parse(line(record, workspace: #"ws"\"#))
    #expect(object["matchedRule"] as? String == #"a "quoted" rule"#)
    #expect(object["workspaceId"] as? String == #"ws"\"#)
  }

  @Test("follows the one before it, and the buffer can be drained in parts")
  func draining() {
    var encoder = AuditEncoder(workspaceID: "w")
    var buffer = TextBuffer()
    for _ in 0..<2 {
      encoder.encode(
        .sample, host: Span(), method: Span(), path: Span(), traceparent: Span(), into: &buffer)
    }
    let whole = buffer.description
    #expect(whole.split(separator: "\n").count == 2)
    buffer.removeFirst(10)
    #expect(buffer.description == String(whole.dropFirst(10)))
    buffer.removeFirst(buffer.count)
    #expect(buffer.count == 0)
  }
}

extension AuditRecord {
  static let sample = AuditRecord(
    timestampNanoseconds: 1_795_244_400_000_000_042,
    auditID: AuditID(milliseconds: 0x019f_0000_0000, random: 1),
    workerID: 3, enforcementMode: .monitor, enforced: false, decision: .deny,
    reason: .methodNotAllowed, matchedRule: "github", policy: "team-a",
    applicationProtocol: .http,
    source: ClientAddress(Endpoint(address: IPAddress("10.1.0.1")!, port: 45678)),
    destination: OriginalDestination(
      Endpoint(address: IPAddress("2606:50c0:8000::153")!, port: 443)),
    responseStatus: 200, outcome: .completed, bytesSent: 312, bytesReceived: .max,
    latencyNanoseconds: 12_345_678)
}

private func line(
  _ record: AuditRecord, host: String = "", method: String = "", path: String = "",
  traceparent: String = "", workspace: String = "ws-billing", format: AuditFormat = .json
) -> String {
  var encoder = AuditEncoder(workspaceID: workspace, format: format)
  var buffer = TextBuffer()
  encoder.encode(
    record, host: Array(host.utf8).span, method: Array(method.utf8).span,
    path: Array(path.utf8).span, traceparent: Array(traceparent.utf8).span, into: &buffer)
  return buffer.description
}

func parse(_ json: String) throws -> [String: Any] {
  try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
}
