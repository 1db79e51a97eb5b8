import Addressing
import Foundation
import Policy
import Telemetry
import Testing

@Suite("A reader of audit logs")
struct AuditReaderTests {
  /// With its fields in another order than ours, one that is unknown, and white space.
  static let shuffled = """
     { "outcome" : "denied","matchedRule":null, "future":{"a":[1,-2.5e+3,true,null,"\\"]"],"b":{}},
      "enforced":false,\t"protocol":"tls" ,"policyDecision":"deny", "sourceAddress":"::1",
      "timestamp":"2026-11-21T07:00:00Z","destinationHost":"a.example"}\r
    """.replacing(",\n", with: ",") + "\n"

  @Test("reads fields in any order, with white space, and passes over those it doesn't know")
  func tolerance() throws {
    let log = Log(Self.shuffled)
    #expect(log.faults.isEmpty)
    let entry = try #require(log.entries.first)
    #expect(entry.outcome == .denied)
    #expect(!entry.enforced)
    #expect(entry.applicationProtocol == .tls)
    #expect(entry.decision == .deny)
    #expect(entry.sourceAddress == IPAddress("::1"))
    #expect(entry.timestampNanoseconds == 1_795_244_400_000_000_000)
    #expect(entry.reason == nil && entry.matchedRule.isEmpty && entry.destinationPort == nil)
    #expect(log.hosts == ["a.example"])
  }

  @Test("reads the record that an event of CloudEvents holds, wherever its data stands")
  func envelope() throws {
    let event =
      #"{"data":\#(record()),"specversion":"1.0","id":"x","type":"io.portarium.audit.v1"}"#
    #expect(Log(event).hosts == ["a.example"])
    let last = #"{"specversion":"1.0","type":"io.portarium.audit.v1","data":\#(record())}"#
    #expect(Log(last).hosts == ["a.example"])
    let other = #"{"specversion":"1.0","type":"com.example.other","data":\#(record())}"#
    #expect(Log(other).faults == [1: .otherEvent])
    let empty = #"{"specversion":"1.0","type":"io.portarium.audit.v1","data":{}}"#
    #expect(Log(empty).faults == [1: .missing(.timestamp)])
    // A field of some later record, no envelope.
    #expect(Log(record(adding: #""data":{"outcome":"x"}"#)).hosts == ["a.example"])
  }

  @Test(
    "resolves escapes into bytes",
    arguments: [
      (#"\u0061.ex\u0061mple"#, "a.example"), (#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
      (#"\ud83e\udd9c"#, "🦜"), (#"\u00e9\u20AC"#, "é€"), (#"a%FFb"#, "a%FFb"), ("é€🦜", "é€🦜"),
    ])
  func escapes(text: String, host: String) {
    #expect(Log(record(host: text)).hosts == [host])
  }

  @Test("knows a field whose name is written with escapes")
  func escapedName() {
    let line = record().replacing("destinationHost", with: #"destination\u0048ost"#)
    #expect(Log(line).hosts == ["a.example"])
  }

  @Test(
    "refuses what is no JSON, or no record",
    arguments: [
      ("x", .notJSON(column: 1)), ("[1]", .otherEvent), ("1 ", .otherEvent),
      ("{}", .missing(.timestamp)),
      (record() + "x", .notJSON(column: record().utf8.count + 1)),
      (record(adding: #""a":01"#), nil), (record(adding: #""a":.5"#), nil),
      (record(adding: #""a":1."#), nil), (record(adding: #""a":+1"#), nil),
      (record(adding: #""a":nul"#), nil), (record(adding: #""a":True"#), nil),
      (record(adding: #""a":[1,]"#), nil), (record(adding: #""a":{"b":1,}"#), nil),
      (record(adding: #""a":'b'"#), nil), (record(adding: #"a:1"#), nil),
      (record(adding: ""), nil),
      (record(adding: "\"a\":" + String(repeating: "[", count: 9_999)), nil),
      (record(host: #"\ud83e"#), nil), (record(host: #"\udd9c\ud83e"#), nil),
      (record(host: #"\ud83ex\udd9c"#), nil), (record(host: #"\u12g4"#), nil),
      (record(host: #"\x41"#), nil), (record(host: "a\tb"), nil), (record(host: "a\0b"), nil),
      (record(adding: #""outcome":"denied""#), .repeated(.outcome)),
      (record(adding: #""sourcePort":65536"#), .badValue(.sourcePort)),
      (record(adding: #""sourcePort":"1""#), .badValue(.sourcePort)),
      (record(adding: #""destinationAddress":"1.2.3""#), .badValue(.destinationAddress)),
      (record().replacing("\"deny\"", with: "\"no\""), .badValue(.policyDecision)),
      (record().replacing("true", with: "\"true\""), .badValue(.enforced)),
      (record().replacing("T07", with: " 07"), .badValue(.timestamp)),
      (record().replacing("07:00:00", with: "24:00:00"), .badValue(.timestamp)),
      (record().replacing("\"enforced\":true,", with: ""), .missing(.enforced)),
    ] as [(String, AuditLineFault?)])
  func faults(line: String, fault: AuditLineFault?) throws {
    let log = Log(line + "\n" + record() + "\n")
    #expect(log.faults.keys.sorted() == [1])
    let found = try #require(log.faults[1])
    if let fault { #expect(found == fault) } else { #expect(found != .cutOff, "\(line)") }
    // It goes on behind the line.
    #expect(log.hosts == ["a.example"])
  }

  @Test("refuses bytes that are no UTF-8", arguments: [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80]])
  func malformedUTF8(bytes: [UInt8]) throws {
    let (head, tail) = (
      record(host: "@").split(separator: "@")[0], record(host: "@").split(separator: "@")[1]
    )
    let log = Log(bytes: Array(head.utf8) + bytes + Array(tail.utf8))
    guard case .notJSON = log.faults[1] else {
      Issue.record("\(log.faults)")
      return
    }
  }

  @Test("tells a record that is cut off, at whichever byte, from one that is bad")
  func cutOff() throws {
    let whole = Array(record(host: #"é🦜\ud83e\udd9c\n"#, adding: #""a":[-1.5e3,{"b":null}]"#).utf8)
    for length in 1..<whole.count {
      #expect(Log(bytes: Array(whole[..<length])).faults == [1: .cutOff], "\(length)")
      // As where the sidecar was killed and another one began on a new line.
      let log = Log(bytes: Array(whole[..<length]) + [0x0a] + whole)
      #expect(log.faults == [1: .cutOff])
      #expect(log.entries.count == 1)
    }
    #expect(Log(bytes: whole).entries.count == 1)
  }

  @Test("passes over blank lines and counts them")
  func blankLines() {
    let log = Log("\n \t\r\n" + record() + "\n\nx\n\n")
    #expect(log.entries.count == 1)
    #expect(log.faults == [5: .notJSON(column: 1)])
    #expect(Log("").entries.isEmpty)
  }

  @Test(
    "refuses a line longer than any record, keeps none of it and goes on",
    arguments: [1, 100, 1005, .max])
  func tooLong(piece: Int) {
    let long = "{\"a\":\"" + String(repeating: "a", count: 1000) + "\"}"
    let text = [record(), long, record(), long].joined(separator: "\n")
    let log = Log(text, piece: piece, maximumLineBytes: 1000)
    #expect(log.faults == [2: .tooLong, 4: .tooLong])
    #expect(log.entries.count == 2)
  }

  @Test(
    "gives numbers as they are, those that count nothing as unknown",
    arguments: [
      ("0", "0.000", 0, 0),
      ("18446744073709551615", "18446744073709.551", .max, 18_446_744_073_709_551),
      ("1.8446744073709552e+19", "1", nil, nil), ("-1", "1.5e3", nil, nil),
      ("18446744073709551616", "1.0000", nil, nil),
    ] as [(String, String, UInt64?, UInt64?)])
  func numbers(bytes: String, latency: String, count: UInt64?, microseconds: UInt64?) throws {
    let log = Log(record(adding: #""bytesSent":\#(bytes),"latencyMs":\#(latency)"#))
    let entry = try #require(log.entries.first)
    #expect(entry.bytesSent == count)
    #expect(entry.latencyMicroseconds == microseconds)
  }
}

/// A record that is complete, on one line.
func record(host: String = "a.example", adding more: String? = nil) -> String {
  #"{"timestamp":"2026-11-21T07:00:00.5Z","enforced":true,"policyDecision":"deny","protocol":"http","#
    + #""sourceAddress":"10.0.0.1","outcome":"denied","destinationHost":"\#(host)""#
    + (more.map { "," + $0 } ?? "") + "}"
}

/// All that a reader says of a log.
struct Log {
  var entries: [AuditEntry] = []
  var hosts: [String] = []
  var faults: [Int: AuditLineFault] = [:]

  init(
    _ text: String, piece: Int = .max, maximumLineBytes: Int = AuditReader.maximumLineBytes
  ) {
    self.init(bytes: Array(text.utf8), piece: piece, maximumLineBytes: maximumLineBytes)
  }

  /// - Parameter piece: how many bytes the reader is fed at a time.
  init(bytes: [UInt8], piece: Int = .max, maximumLineBytes: Int = AuditReader.maximumLineBytes) {
    var reader = AuditReader(maximumLineBytes: maximumLineBytes)
    var start = 0
    while true {
      let end = start + min(piece, bytes.count - start)
      reader.append(bytes.span.extracting(start..<end))
      start = end
      if start == bytes.count { reader.finish() }
      drain(&reader)
      if start == bytes.count { return }
    }
  }

  private mutating func drain(_ reader: inout AuditReader) {
    while true {
      do throws(AuditLineFault) {
        guard let entry = try reader.next() else { return }
        entries.append(entry)
        hosts.append(reader.text(entry.host))
      } catch {
        faults[reader.lineNumber] = error
      }
    }
  }
}

extension AuditReader {
  borrowing func text(_ text: AuditText) -> String {
    let bytes = bytes(of: text)
    return String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
  }
}
