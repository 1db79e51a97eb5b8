import SeededRandom
import Testing
import Wire

@Suite("Trace context")
struct TraceContextTests {
  static let traceID: UInt128 = 0x1111_2222_3333_4444_5555_6666_7777_8888
  static let parentID: UInt64 = 0xaaaa_bbbb_cccc_dddd
  static let valid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
  static let continued = "00-0af7651916cd43dd8448eb211c80319c-aaaabbbbccccdddd-01"
  static let begun = "00-11112222333344445555666677778888-aaaabbbbccccdddd-00"

  /// What is sent on for a request with these field lines, in lines.
  func sent(_ lines: [String]) throws -> [String] {
    let head = Array(
      ("GET / HTTP/1.1\r\nHost: a\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n").utf8)
    var reader = RequestHeadReader()
    guard case .found(let parsed) = reader.advance(head.span) else {
      throw NotARequest()
    }
    let context = TraceContext(
      continuing: parsed, in: head.span, traceID: Self.traceID, parentID: Self.parentID)
    let bytes = [UInt8](capacity: TraceContext.maximumFieldsLength) { output in
      context.appendFields(of: parsed, in: head.span, to: &output)
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\r\n").map(String.init)
  }

  struct NotARequest: Error {}

  @Test(
    "that is valid goes on with a new parent-id",
    arguments: [
      (valid, continued),
      (" \(valid)\t", continued),
      (valid.dropLast(2) + "00", continued.dropLast(2) + "00"),
      // Higher versions are read by their first four fields.
      ("01" + valid.dropFirst(2), continued),
      ("cc" + valid.dropFirst(2) + "-what-the-future-will-be-like", continued),
      ("fe" + valid.dropFirst(2) + "-", continued),
    ] as [(String, String)])
  func goesOn(_ received: String, _ expected: String) throws {
    #expect(try sent(["traceparent: \(received)"]) == ["traceparent: \(expected)"])
    #expect(
      try sent(["TraceParent: \(received)", "tracestate: a=1"])
        == ["traceparent: \(expected)", "tracestate: a=1"])
  }

  @Test(
    "that is invalid begins anew, without the state",
    arguments: [
      "", "x", String(valid.dropLast()), valid + "0", valid + "-", valid + "-x",
      "ff" + valid.dropFirst(2), "cc" + valid.dropFirst(2) + ".x", "0x" + valid.dropFirst(2),
      valid.uppercased(), "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "00-00000000000000000000000000000000-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333g-01",
      "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331_01",
      "00-0af7651916cd43dd8448eb211c80319-cb7ad6b7169203331-01",
      ".0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "\(valid),\(valid)",
    ])
  func beginsAnew(_ received: String) throws {
    #expect(
      try sent(["traceparent: \(received)", "tracestate: a=1"]) == ["traceparent: \(Self.begun)"])
  }

  @Test("that is missing or comes twice begins anew")
  func missingOrTwice() throws {
    let new = ["traceparent: \(Self.begun)"]
    #expect(try sent([]) == new)
    #expect(try sent(["tracestate: a=1"]) == new)
    #expect(
      try sent(["traceparent: \(Self.valid)", "tracestate: a=1", "traceparent: \(Self.valid)"])
        == new)
    #expect(try sent(["traceparent: x", "Traceparent: \(Self.valid)"]) == new)
  }

  @Test("never has an identifier of zero")
  func neverZero() {
    let parent = TraceParent(traceID: 0, parentID: 0, flags: 1)
    let text = parent.text
    #expect(
      String(decoding: text.indices.map { text[$0] }, as: UTF8.self)
        == "00-00000000000000000000000000000001-0000000000000001-01")
  }

  @Test("is written as it was read")
  func roundTrip() {
    var random = SeededGenerator(seed: 55)
    for _ in 0..<1000 {
      let parent = TraceParent(
        traceID: UInt128(random.next()) << 64 | UInt128(random.next()), parentID: random.next(),
        flags: UInt8(truncatingIfNeeded: random.next() & 1))
      let text = parent.text
      #expect(TraceParent(text.span) == parent)
    }
  }

  func state(_ lines: String...) throws -> String? {
    let sent = try sent(["traceparent: \(Self.valid)"] + lines.map { "tracestate: \($0)" })
    #expect(sent.first == "traceparent: \(Self.continued)")
    return sent.count == 2 ? String(sent[1].dropFirst("tracestate: ".count)) : nil
  }

  @Test("state of several fields is combined in order")
  func combined() throws {
    #expect(try state("a=1,b=2", " c=3 , d=4\t", "", ",", "e=5") == "a=1,b=2,c=3,d=4,e=5")
    #expect(try state("") == nil)
    #expect(try state(", ,\t,") == nil)
    #expect(try state("a=1,a=2") == "a=1,a=2")
    #expect(try state("t/e-n*a_nt@sys=x y!~", "0a=1") == "t/e-n*a_nt@sys=x y!~,0a=1")
  }

  @Test(
    "state with a member that is none is dropped whole",
    arguments: [
      "a", "a=", "=1", "A=1", "a=1,B=2", "a b=1", "a=1=2", "a=\u{e9}", "-a=1", "a=1;b", "a =1",
      "\(String(repeating: "k", count: 257))=1", "a=\(String(repeating: "v", count: 257))",
    ])
  func invalidState(_ value: String) throws {
    let expected = value == "a=1;b" ? value : nil
    #expect(try state(value) == expected)
    if expected == nil { #expect(try state("x=1", value, "y=2") == nil) }
  }

  @Test("state keeps 32 members")
  func memberCount() throws {
    let members = (0..<40).map { "k\($0)=1" }
    #expect(
      try state(members.joined(separator: ",")) == members.prefix(32).joined(separator: ","))
  }

  @Test("state of 512 characters goes on whole, a longer one loses whole members, long ones first")
  func stateLength() throws {
    func member(_ key: String, _ length: Int) -> String {
      "\(key)=" + String(repeating: "v", count: length - key.count - 1)
    }
    let exact = [member("a", 128), member("b", 128), member("c", 128), member("d", 125)]
    #expect(exact.joined(separator: ",").count == 512)
    #expect(try state(exact.joined(separator: ",")) == exact.joined(separator: ","))

    let over = [member("a", 100), member("b", 129), member("c", 200), member("d", 100)]
    #expect(
      try state(over.joined(separator: ",")) == [over[0], over[1], over[3]].joined(separator: ","))

    let short = (0..<6).map { member("k\($0)", 100) }
    #expect(try state(short.joined(separator: ",")) == short.prefix(5).joined(separator: ","))

    // A member of 128 characters is not yet long: the last one goes.
    let edge = [member("a", 128)] + short.prefix(4)
    #expect(try state(edge.joined(separator: ",")) == edge.prefix(4).joined(separator: ","))
  }

  @Test("never needs more room than it says")
  func bound() throws {
    let longest = (0..<4).map { "k\($0)=" + String(repeating: "v", count: 124) }
    let sent = try sent(["traceparent: \(Self.valid)"] + longest.map { "tracestate: \($0)" })
    #expect(sent.map { $0.utf8.count + 2 }.reduce(0, +) <= TraceContext.maximumFieldsLength)
  }
}
