/// Writes a request head as it is forwarded.
package enum RequestRewrite {
  /// Upper bound of what `append` appends.
  package static func maximumLength(of head: borrowing RequestHead, addedLength: Int) -> Int {
    head.length + addedLength
  }

  /// Appends the head without its cuts and with `added` (whole field lines, each with its CRLF)
  /// before the empty line. `bytes` begin with the head. Trace context is cut only where
  /// `replacingTraceContext`: then `added` holds the new one.
  @_lifetime(output: copy output)
  package static func append(
    _ head: borrowing RequestHead, in bytes: Span<UInt8>, adding added: Span<UInt8>,
    replacingTraceContext: Bool, to output: inout OutputSpan<UInt8>
  ) {
  }
}
