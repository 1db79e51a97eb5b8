/// What is sent on about the trace a request belongs to.
package struct TraceContext: Sendable {
  /// Upper bound of what `appendFields` appends.
  package static let maximumFieldsLength = 13 + TraceParent.length + 2 + 12 + TraceState.maximumLength + 2

  package var parent: TraceParent
  /// The request's own tracestate is sent on.
  package var keepsState: Bool

  /// Continues the trace of `head`, or begins a new one where it has no single valid traceparent.
  /// `traceID` and `parentID` are random bits; the former is used only for a new trace.
  package init(
    continuing head: borrowing RequestHead, in bytes: Span<UInt8>, traceID: UInt128,
    parentID: UInt64
  ) {
    parent = TraceParent(traceID: traceID, parentID: parentID, flags: 0)
    keepsState = false
  }

  /// Appends the `traceparent` line and, where there is any, the combined `tracestate` line.
  @_lifetime(output: copy output)
  package func appendFields(
    of head: borrowing RequestHead, in bytes: Span<UInt8>, to output: inout OutputSpan<UInt8>
  ) {
  }
}

/// Several `tracestate` values as the one that is sent on.
package struct TraceState: Sendable {
  /// Characters that are propagated.
  package static let maximumLength = 512
}
