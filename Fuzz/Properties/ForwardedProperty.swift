import SeededRandom
import Wire

/// What is forwarded in a head's place is the same request, says nothing in our name that the
/// workload wrote, carries one trace context, and is otherwise what came, byte for byte.
func checkForwarded(
  _ head: RequestHead, _ bytes: [UInt8], _ lenient: LenientHead
) throws(Violation) {
  var random = choices(for: bytes)
  let context = TraceContext(
    continuing: head, in: bytes.span, traceID: UInt128(random.next()), parentID: random.next())
  let added = [UInt8](capacity: TraceContext.maximumFieldsLength) { output in
    context.appendFields(of: head, in: bytes.span, to: &output)
  }
  let traced = forwarded(head, bytes, replacingTraceContext: true, adding: added)
  try checkSameRequest(head, bytes, traced)
  guard let read = LenientHead(traced) else { throw Violation(description: "no head") }
  try require(
    traced.count <= head.length + TraceContext.maximumFieldsLength,
    "\(head.length) bytes grew to \(traced.count)")
  let parents = read.values(of: "traceparent")
  try require(parents.count == 1, "\(parents.count) traceparent lines")
  try require(LenientTrace(parent: parents[0]) != nil, "an invalid traceparent is sent")
  try require(read.values(of: "tracestate").count <= 1, "several tracestate lines are sent")
  try checkLines(lenient, read, tracing: ["traceparent", "tracestate"])

  let plain = forwarded(head, bytes, replacingTraceContext: false, adding: [])
  try checkSameRequest(head, bytes, plain)
  try require(plain.count <= head.length, "\(head.length) bytes grew to \(plain.count)")
  guard let read = LenientHead(plain) else { throw Violation(description: "no head") }
  try checkLines(lenient, read, tracing: [])
}

private func forwarded(
  _ head: RequestHead, _ bytes: [UInt8], replacingTraceContext: Bool, adding added: [UInt8]
) -> [UInt8] {
  var forwarded: [UInt8] = []
  RequestRewrite.forEachPiece(of: head, replacingTraceContext: replacingTraceContext) {
    forwarded += bytes[$0.indices]
  }
  return forwarded + added + [13, 10]
}

private func checkSameRequest(
  _ head: RequestHead, _ bytes: [UInt8], _ forwarded: [UInt8]
) throws(Violation) {
  let limits = HeadLimits(maximumBytes: 131072, maximumFields: 256)
  let verdict = requestVerdict(forwarded, limits: limits)
  guard case .found(let again) = verdict else {
    throw Violation(description: "what is forwarded reads as \(verdict)")
  }
  func text(_ bytes: [UInt8], _ range: ByteRange) -> ArraySlice<UInt8> { bytes[range.indices] }
  try require(again.length == forwarded.count, "bytes behind the forwarded head")
  try require(text(forwarded, again.method) == text(bytes, head.method), "another method")
  try require(text(forwarded, again.target) == text(bytes, head.target), "another target")
  try require(again.targetForm == head.targetForm, "another target form")
  try require(text(forwarded, again.host) == text(bytes, head.host), "another host")
  try require(again.hostIsBracketed == head.hostIsBracketed, "other brackets")
  try require(again.port == head.port, "another port")
  try require(again.version == head.version, "another version")
  try require(again.framing == head.framing, "another framing")
  try require(again.keepAlive == head.keepAlive, "another keepAlive")
  try require(again.expectsContinue == head.expectsContinue, "another expectation")
  try require(again.isUpgrade == head.isUpgrade, "another upgrade")
  for index in 0..<again.cuts.count {
    let reason = again.cuts[index].reason
    // What is for a proxy is cut only by the one that was meant.
    try require(
      reason == .traceparent || reason == .tracestate || reason == .proxy,
      "more to cut: \(reason)")
  }
}

/// Lines that are not ours to touch stay as they were, in their order; none under our name is left.
private func checkLines(
  _ before: LenientHead, _ after: LenientHead, tracing: [String]
) throws(Violation) {
  let touched = Set((tracing + ["connection", "upgrade", "http2-settings"]).map { Array($0.utf8) })
  func others(_ head: LenientHead) -> [ArraySlice<UInt8>] {
    head.lines.filter { !touched.contains($0.name) && !isReserved($0.name) }.map(\.bytes)
  }
  try require(before.startLine == after.startLine, "another request line")
  try require(others(before) == others(after), "other lines than came")
  try require(!after.lines.contains { isReserved($0.name) }, "a field under x-portarium- is sent")

  // RFC 9110 §7.6.1: who is told to drop what frames the message, or what we say, might do so.
  let kept = Set(
    ["host", "content-length", "transfer-encoding", "traceparent", "tracestate"]
      .map { Array($0.utf8) })
  try require(
    !after.members(of: "connection").contains { kept.contains($0) || isReserved($0) },
    "Connection names a field that must arrive")

  let upgrades = after.values(of: "upgrade").map { $0.map(LenientHead.lowercased) }
  try require(upgrades.allSatisfy { $0 == Array("websocket".utf8) }, "another upgrade is sent")
  let offered = before.values(of: "upgrade").count
  guard upgrades.count < offered else { return }
  try require(upgrades.isEmpty, "one upgrade of several is sent")
  try require(after.values(of: "http2-settings").isEmpty, "HTTP2-Settings are sent")
  let options = after.members(of: "connection")
  for name in ["upgrade", "http2-settings"] {
    try require(!options.contains(Array(name.utf8)), "Connection: \(name) is sent")
  }
  let rest = before.members(of: "connection").filter {
    !$0.isEmpty && $0 != Array("upgrade".utf8) && $0 != Array("http2-settings".utf8)
  }
  try require(options.filter { !$0.isEmpty } == rest, "other connection options")
}

/// `x-portarium-` to any reader that takes what is neither letter nor digit for a dash.
func isReserved(_ name: [UInt8]) -> Bool {
  let folded = name.map { byte in
    (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte) ? byte : UInt8(ascii: "-")
  }
  return folded.starts(with: "x-portarium-".utf8)
}
