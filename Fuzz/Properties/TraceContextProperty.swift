import SeededRandom
import Wire

/// Any field lines behind a request line: what is sent on is one valid traceparent and at most one
/// tracestate, as W3C Trace Context has it, put together by a second implementation.
func checkTraceContext(_ lines: [UInt8]) throws(Violation) {
  let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\n".utf8) + lines + [13, 10, 13, 10]
  guard case .found(let head) = requestVerdict(bytes) else { return }
  guard let lenient = LenientHead(bytes) else { throw Violation(description: "no empty line") }
  var random = choices(for: lines)
  let traceID: UInt128 = UInt128(random.next()) << 64 | UInt128(random.next())
  let parentID = random.next()
  let context = TraceContext(
    continuing: head, in: bytes.span, traceID: traceID, parentID: parentID, flags: 1)
  let sent = [UInt8](capacity: TraceContext.maximumFieldsLength) { output in
    context.appendFields(of: head, in: bytes.span, to: &output)
  }
  let expected = LenientTrace(lenient, newTraceID: traceID, parentID: parentID, newFlags: 1)
  try require(
    sent == expected.fields,
    "\(String(decoding: sent, as: UTF8.self)), not \(String(decoding: expected.fields, as: UTF8.self))"
  )
  try checkBounds(expected, lenient)
  try checkForwarded(head, bytes, lenient)
}

/// What holds of any state that is sent, whatever the way to it.
private func checkBounds(_ sent: LenientTrace, _ lenient: LenientHead) throws(Violation) {
  let length = sent.members.map { $0.count }.reduce(0, +) + max(0, sent.members.count - 1)
  try require(length <= 512, "a state of \(length) characters")
  try require(sent.members.count <= 32, "a state of \(sent.members.count) members")
  var received = lenient.values(of: "tracestate").flatMap { value in
    value.split(separator: UInt8(ascii: ",")).map { Array(LenientHead.trimmed($0)) }
  }[...]
  for member in sent.members {
    guard let index = received.firstIndex(of: member) else {
      throw Violation(description: "a member that didn't come, or not in this order")
    }
    received = received[(index + 1)...]
  }
}

/// Trace context as it is sent on, made from text.
struct LenientTrace {
  /// The four fields of a traceparent, as text.
  private(set) var traceID: String
  private(set) var parentID: String
  private(set) var flags: UInt8
  private(set) var members: [[UInt8]] = []

  /// Nil where the value is invalid.
  init?(parent value: [UInt8]) {
    let parts = value.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard parts.count >= 4, parts.prefix(4).map(\.count) == [2, 32, 16, 2] else { return nil }
    let texts = parts.prefix(4).map { String(decoding: $0, as: UTF8.self) }
    for text in texts where !text.utf8.allSatisfy("0123456789abcdef".utf8.contains) { return nil }
    guard texts[0] != "ff", texts[0] != "00" || parts.count == 4 else { return nil }
    guard texts[1].contains(where: { $0 != "0" }), texts[2].contains(where: { $0 != "0" }) else {
      return nil
    }
    (traceID, parentID) = (texts[1], texts[2])
    let bits = UInt8(texts[3], radix: 16) ?? 0
    flags = texts[0] == "00" ? bits : bits & 1
  }

  init(_ head: LenientHead, newTraceID: UInt128, parentID: UInt64, newFlags: UInt8) {
    let parents = head.values(of: "traceparent")
    if parents.count == 1, let received = LenientTrace(parent: parents[0]) {
      self = received
      self.parentID = Self.hex(UInt128(parentID), 16)
      keepState(head.values(of: "tracestate"))
    } else {
      traceID = Self.hex(newTraceID, 32)
      self.parentID = Self.hex(UInt128(parentID), 16)
      flags = newFlags
    }
  }

  /// W3C Trace Context §3.3.1: combined in their order, whole members left out.
  private mutating func keepState(_ values: [[UInt8]]) {
    let all = values.flatMap { value in
      value.split(separator: UInt8(ascii: ",")).map { Array(LenientHead.trimmed($0)) }
    }.filter { !$0.isEmpty }
    guard all.allSatisfy(Self.isMember) else { return }
    members = Array(all.prefix(32))
    while members.map({ $0.count + 1 }).reduce(-1, +) > 512 {
      let longest = members.map(\.count).max() ?? 0
      let index = members.firstIndex { $0.count == longest } ?? 0
      members.remove(at: longest > 128 ? index : members.count - 1)
    }
  }

  private static func isMember(_ member: [UInt8]) -> Bool {
    let parts = member.split(separator: UInt8(ascii: "="), omittingEmptySubsequences: false)
    guard parts.count == 2, (1...256).contains(parts[0].count) else { return false }
    guard (1...256).contains(parts[1].count) else { return false }
    let lower = "abcdefghijklmnopqrstuvwxyz0123456789"
    guard parts[0].allSatisfy("\(lower)_-*/@".utf8.contains) else { return false }
    guard let first = parts[0].first, lower.utf8.contains(first) else { return false }
    return parts[1].allSatisfy { (0x20...0x7e).contains($0) }
  }

  private static func hex(_ value: UInt128, _ digits: Int) -> String {
    let text = String(value == 0 ? 1 : value, radix: 16)
    return String(repeating: "0", count: digits - text.utf8.count) + text
  }

  /// The field lines.
  var fields: [UInt8] {
    let parent = "traceparent: 00-\(traceID)-\(parentID)-\(Self.hexByte(flags))\r\n"
    guard !members.isEmpty else { return Array(parent.utf8) }
    let state = members.joined(separator: [UInt8(ascii: ",")])
    return Array((parent + "tracestate: ").utf8) + Array(state) + [13, 10]
  }

  private static func hexByte(_ value: UInt8) -> String {
    let text = String(value, radix: 16)
    return text.utf8.count < 2 ? "0" + text : text
  }
}
