/// Reads one response head: strict about framing, lenient about what servers get wrong harmlessly.
package struct ResponseHeadReader: Sendable {
  package enum Outcome: Sendable {
    case needMore
    case found(ResponseHead)
    case malformed(ResponseError)
  }

  private let limits: HeadLimits
  private let isHEAD: Bool
  private let isCONNECT: Bool

  /// The method of the request decides whether a body follows.
  package init(limits: HeadLimits = HeadLimits(), isHEAD: Bool, isCONNECT: Bool = false) {
    self.limits = limits
    self.isHEAD = isHEAD
    self.isCONNECT = isCONNECT
  }

  /// `bytes` are all there are, from the head's first; work already done is not repeated.
  package mutating func advance(_ bytes: Span<UInt8>) -> Outcome {
    .needMore
  }
}
