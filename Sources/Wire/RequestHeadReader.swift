/// Reads one request head, strictly: what two readers could understand differently is malformed.
package struct RequestHeadReader: Sendable {
  package enum Outcome: Sendable {
    case needMore
    case found(RequestHead)
    case malformed(RequestError)
  }

  private let limits: HeadLimits

  package init(limits: HeadLimits = HeadLimits()) {
    self.limits = limits
  }

  /// `bytes` are all there are, from the head's first; work already done is not repeated. Bytes
  /// behind the head are not looked at.
  package mutating func advance(_ bytes: Span<UInt8>) -> Outcome {
    .needMore
  }
}
