/// The `traceparent` of W3C Trace Context.
package struct TraceParent: Sendable, Equatable {
  /// Characters of the value in version 00.
  package static let length = 55

  /// Never zero.
  package var traceID: UInt128
  /// Never zero.
  package var parentID: UInt64
  package var flags: UInt8

  /// The identifiers are the caller's random bits; zero, which is invalid, becomes one.
  package init(traceID: UInt128, parentID: UInt64, flags: UInt8) {
    self.traceID = traceID == 0 ? 1 : traceID
    self.parentID = parentID == 0 ? 1 : parentID
    self.flags = flags
  }

  /// Nil where the value is invalid and a new trace begins. A version above 00 is read by its first
  /// four fields.
  package init?(_ value: Span<UInt8>) {
    return nil
  }

  /// The value in version 00.
  package var text: InlineArray<55, UInt8> { InlineArray(repeating: UInt8(ascii: "0")) }
}
