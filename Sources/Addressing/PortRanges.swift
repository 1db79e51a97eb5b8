extension Sequence<ClosedRange<UInt16>> {
  /// The same ports in as few ranges as can be, ascending: overlapping and adjacent ranges are
  /// joined. The kernel refuses interval sets whose elements overlap.
  package func coalesced() -> [ClosedRange<UInt16>] {
    var merged: [ClosedRange<UInt16>] = []
    for range in sorted(by: { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }) {
      guard let last = merged.last, Int(range.lowerBound) <= Int(last.upperBound) + 1 else {
        merged.append(range)
        continue
      }
      merged[merged.count - 1] = last.lowerBound...Swift.max(last.upperBound, range.upperBound)
    }
    return merged
  }
}
