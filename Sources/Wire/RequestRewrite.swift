/// A request head as it is forwarded: without its cuts, with added field lines before its end.
package enum RequestRewrite {
  /// Hands out, in order, the stretches of `head` that stay, up to where added field lines go; the
  /// empty line follows them. Trace context is left out only where `replacingTraceContext`.
  package static func forEachPiece(
    of head: borrowing RequestHead, replacingTraceContext: Bool, _ body: (ByteRange) -> Void
  ) {
    var start = 0
    for index in 0..<head.cuts.count {
      let cut = head.cuts[index]
      switch cut.reason {
      case .reserved, .upgrade: break
      case .traceparent, .tracestate: if !replacingTraceContext { continue }
      }
      if Int(cut.range.lower) > start { body(ByteRange(start, Int(cut.range.lower))) }
      start = Int(cut.range.upper)
    }
    if head.fieldsEnd > start { body(ByteRange(start, head.fieldsEnd)) }
  }
}
