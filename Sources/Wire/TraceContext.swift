/// What is sent on about the trace a request belongs to.
package struct TraceContext: Sendable {
  /// Upper bound of what `appendFields` appends.
  package static let maximumFieldsLength =
    13 + TraceParent.length + 2 + 12 + TraceState.maximumLength + 2

  package var parent: TraceParent
  /// The request's own tracestate is sent on.
  package var keepsState: Bool

  /// Continues the trace of `head`, or begins a new one where it has no single valid traceparent.
  /// `traceID` and `parentID` are random bits; the former is used only for a new trace.
  package init(
    continuing head: borrowing RequestHead, in bytes: Span<UInt8>, traceID: UInt128,
    parentID: UInt64
  ) {
    if head.traceparentCount == 1 {
      for index in 0..<head.cuts.count where head.cuts[index].reason == .traceparent {
        let line = bytes[head.cuts[index].range]
        if let received = TraceParent(line.extracting(line.fieldValue)) {
          parent = TraceParent(
            traceID: received.traceID, parentID: parentID, flags: received.flags)
          keepsState = head.tracestateCount > 0
          return
        }
      }
    }
    parent = TraceParent(traceID: traceID, parentID: parentID, flags: 0)
    keepsState = false
  }

  /// Appends the `traceparent` line and, where there is any, the combined `tracestate` line.
  @_lifetime(output: copy output)
  package func appendFields(
    of head: borrowing RequestHead, in bytes: Span<UInt8>, to output: inout OutputSpan<UInt8>
  ) {
    for byte in "traceparent: ".utf8 { output.append(byte) }
    let text = parent.text
    for index in text.indices { output.append(text[index]) }
    for byte in "\r\n".utf8 { output.append(byte) }
    guard keepsState else { return }
    var state = TraceState()
    for index in 0..<head.cuts.count where head.cuts[index].reason == .tracestate {
      let range = head.cuts[index].range
      let value = bytes[range].fieldValue
      state.take(bytes, Int(range.lower) + value.lowerBound..<Int(range.lower) + value.upperBound)
    }
    state.limit()
    guard state.count > 0 else { return }
    for byte in "tracestate: ".utf8 { output.append(byte) }
    state.append(bytes, to: &output)
    for byte in "\r\n".utf8 { output.append(byte) }
  }
}

/// Several `tracestate` values as the one that is sent on: whole members, in their order.
package struct TraceState: Sendable {
  /// Characters that are propagated.
  package static let maximumLength = 512
  /// Members that are propagated; the first ones are the most recent.
  private static let maximumMembers = 32
  /// Members longer than this go first.
  private static let longMember = 128

  private var members = InlineArray<32, ByteRange>(repeating: .empty)
  private(set) var count = 0

  init() {}

  /// Adds the members of one field's value. Empty ones, and what is no `key=value`, are dropped.
  mutating func take(_ bytes: Span<UInt8>, _ value: Range<Int>) {
    var rest: Range<Int>? = value
    while let member = bytes.nextListMember(&rest) {
      guard count < Self.maximumMembers else { return }
      var hasValue = false
      for index in member where bytes[index] == UInt8(ascii: "=") {
        hasValue = index > member.lowerBound && index + 1 < member.upperBound
        break
      }
      guard hasValue else { continue }
      members[count] = ByteRange(member.lowerBound, member.upperBound)
      count += 1
    }
  }

  /// Drops members until the rest fits: long ones, the longest first, then the last.
  mutating func limit() {
    while count > 0, length > Self.maximumLength {
      var longest = 0
      for index in 0..<count where members[index].count > members[longest].count { longest = index }
      drop(members[longest].count > Self.longMember ? longest : count - 1)
    }
  }

  @_lifetime(output: copy output)
  func append(_ bytes: Span<UInt8>, to output: inout OutputSpan<UInt8>) {
    for index in 0..<count {
      if index > 0 { output.append(UInt8(ascii: ",")) }
      for position in members[index].indices { output.append(bytes[position]) }
    }
  }

  private var length: Int {
    var length = count - 1
    for index in 0..<count { length += members[index].count }
    return length
  }

  private mutating func drop(_ member: Int) {
    for index in member..<count - 1 { members[index] = members[index + 1] }
    count -= 1
  }
}

extension Span where Element == UInt8 {
  /// Where the value stands in a whole field line: behind the colon, without the white space around
  /// it and the CRLF.
  fileprivate var fieldValue: Range<Int> {
    var colon = 0
    while colon < count, self[colon] != UInt8(ascii: ":") { colon += 1 }
    return trimmed(Swift.min(colon + 1, count - 2)..<count - 2)
  }
}
