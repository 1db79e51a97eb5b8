/// What is sent on about the trace a request belongs to.
package struct TraceContext: Sendable {
  private static let parentName = "traceparent: "
  private static let stateName = "tracestate: "

  /// Upper bound of what `appendFields` appends.
  package static let maximumFieldsLength =
    13 + TraceParent.length + 2 + 12 + TraceState.maximumLength + 2

  package var parent: TraceParent
  /// The request's own, empty where a new trace begins.
  package var state: TraceState

  /// Continues the trace of `head`, or begins a new one where it has no single valid traceparent.
  /// `bytes` begin with the head. `traceID` and `parentID` are random bits; the former is used only
  /// for a new trace, whose `flags` are given, too (bit 0: sampled).
  package init(
    continuing head: borrowing RequestHead, in bytes: Span<UInt8>, traceID: UInt128,
    parentID: UInt64, flags: UInt8 = 0
  ) {
    parent = TraceParent(traceID: traceID, parentID: parentID, flags: flags)
    state = TraceState()
    guard head.traceparentCount == 1 else { return }
    guard let received = Self.received(head, bytes) else { return }
    parent = TraceParent(traceID: received.traceID, parentID: parentID, flags: received.flags)
    for index in 0..<head.cuts.count where head.cuts[index].reason == .tracestate {
      let value = Self.value(of: head.cuts[index], nameLength: 10)
      guard state.append(value, in: bytes) else {
        state = TraceState()
        return
      }
    }
    state.shorten()
  }

  private static func received(_ head: borrowing RequestHead, _ bytes: Span<UInt8>)
    -> TraceParent?
  {
    for index in 0..<head.cuts.count where head.cuts[index].reason == .traceparent {
      let value = bytes.trimmed(Self.value(of: head.cuts[index], nameLength: 11).indices)
      return TraceParent(bytes.extracting(value))
    }
    return nil
  }

  /// A field line's value, between its colon and its CRLF.
  private static func value(of cut: HeadCuts.Cut, nameLength: UInt32) -> ByteRange {
    ByteRange(lower: cut.range.lower + nameLength + 1, upper: cut.range.upper - 2)
  }

  /// Appends the `traceparent` line and, where there is any state, the combined `tracestate` line.
  /// `head` and `bytes` are those this was made from.
  @_lifetime(output: copy output)
  package func appendFields(
    of head: borrowing RequestHead, in bytes: Span<UInt8>, to output: inout OutputSpan<UInt8>
  ) {
    output.append(contentsOf: Self.parentName.utf8.span)
    let text = parent.text
    output.append(contentsOf: text.span)
    output.appendLineEnd()
    guard !state.isEmpty else { return }
    output.append(contentsOf: Self.stateName.utf8.span)
    state.write(bytes, to: &output)
    output.appendLineEnd()
  }
}

extension OutputSpan where Element == UInt8 {
  @_lifetime(self: copy self)
  mutating func append(contentsOf bytes: Span<UInt8>) {
    for index in 0..<bytes.count { append(bytes[index]) }
  }

  @_lifetime(self: copy self)
  mutating func appendLineEnd() {
    append(.carriageReturn)
    append(.lineFeed)
  }
}
