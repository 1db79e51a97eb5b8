/// A response head as it is passed on where the proxy has something to say in it.
package enum ResponseRewrite {
  /// The field that says why a request would have been denied. Only the proxy may say so.
  package static let wouldDenyName = "x-portarium-would-deny"

  /// Hands out, in order, the stretches of `head` that stay, up to where an added field line goes:
  /// all but the server's own lines of that name. The empty line follows them.
  ///
  /// - Parameter bytes: begin with the head.
  package static func forEachPiece(
    of head: borrowing ResponseHead, in bytes: Span<UInt8>, _ body: (ByteRange) -> Void
  ) {
    let end = head.length - 2
    var start = 0
    if head.claimsWouldDeny {
      var fields = FieldSection(
        start: head.fieldsStart, limits: HeadLimits(maximumBytes: .max, maximumFields: .max))
      // The head was read before: there is neither an error nor an end too early.
      while case .field(let field) = fields.next(bytes) {
        guard bytes.extracting(field.name).isWouldDenyFieldName else { continue }
        if field.line.lowerBound > start { body(ByteRange(start, field.line.lowerBound)) }
        start = field.line.upperBound
      }
    }
    if end > start { body(ByteRange(start, end)) }
  }
}
