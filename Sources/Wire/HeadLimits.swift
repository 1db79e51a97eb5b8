/// Bounds of a request or response head. What exceeds them is malformed, never truncated.
package struct HeadLimits: Sendable {
  /// Bytes from the first of the start line to the end of the empty line.
  package var maximumBytes: Int
  /// Field lines.
  package var maximumFields: Int

  package init(maximumBytes: Int = 65536, maximumFields: Int = 128) {
    self.maximumBytes = maximumBytes
    self.maximumFields = maximumFields
  }
}

/// The versions whose framing is understood.
package enum HTTPVersion: Sendable {
  case http10, http11
}
