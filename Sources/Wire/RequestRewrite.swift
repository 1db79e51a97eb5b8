/// A request head as it is forwarded: without its cuts, with added field lines before its end.
package enum RequestRewrite {
  /// Hands out, in order, the stretches of `head` that stay, up to where added field lines go; the
  /// empty line follows them. Trace context is left out only where `replacingTraceContext`, what is
  /// for a proxy only where `asProxy`, what tells of a client's certificate only where `tellingPeer`.
  ///
  /// - Parameter start: the first byte that is handed out; none before it may belong to a cut.
  package static func forEachPiece(
    of head: borrowing RequestHead, replacingTraceContext: Bool, asProxy: Bool = false,
    tellingPeer: Bool = false,
    from start: Int = 0, _ body: (ByteRange) -> Void
  ) {
    var start = start
    for index in 0..<head.cuts.count {
      let cut = head.cuts[index]
      switch cut.reason {
      case .reserved, .upgrade: break
      case .traceparent, .tracestate: if !replacingTraceContext { continue }
      case .proxy: if !asProxy { continue }
      case .forwardedClientCertificate: if !tellingPeer { continue }
      }
      if Int(cut.range.lower) > start { body(ByteRange(start, Int(cut.range.lower))) }
      start = Int(cut.range.upper)
    }
    if head.fieldsEnd > start { body(ByteRange(start, head.fieldsEnd)) }
  }
}

extension RequestHead {
  /// What an absolute-form target becomes for the server it names (RFC 9112 §3.2.1): its bytes from
  /// `rest` on, behind what is put before them.
  package struct OriginForm: Sendable, Equatable {
    package enum Prefix: Sendable, Equatable {
      case none
      /// An empty path is `/`.
      case slash
      /// OPTIONS of the server as a whole (RFC 9112 §3.2.4).
      case asterisk
    }

    package var prefix: Prefix
    /// Offset of the first byte behind the authority.
    package var rest: Int
    /// Where the authority stands, as a Host field would have it.
    package var authority: ByteRange
  }

  /// Nil for a target of another form.
  ///
  /// - Parameter bytes: begin with the head.
  package func originForm(in bytes: Span<UInt8>) -> OriginForm? {
    guard targetForm == .absolute else { return nil }
    let scheme = targetIsHTTPS ? 8 : 7
    let end = Int(path.lower)
    var prefix = OriginForm.Prefix.none
    if path.isEmpty {
      let isWhole = path.lower == target.upper && bytes[method].isExactly("OPTIONS")
      prefix = isWhole ? .asterisk : .slash
    }
    return OriginForm(
      prefix: prefix, rest: end, authority: ByteRange(Int(target.lower) + scheme, end))
  }
}
