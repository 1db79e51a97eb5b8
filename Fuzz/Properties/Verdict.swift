import SeededRandom
import Wire

/// What a reader of heads says, in one form for all of them.
enum Verdict<Found: Comparing, Failure: Error & Equatable> {
  case needMore
  case found(Found)
  case malformed(Failure)

  var isNeedMore: Bool { if case .needMore = self { true } else { false } }

  func isSame(as other: Self) -> Bool {
    switch (self, other) {
    case (.needMore, .needMore): true
    case (.found(let one), .found(let another)): one.isSame(as: another)
    case (.malformed(let one), .malformed(let another)): one == another
    default: false
    }
  }
}

/// What was read says the same in all it says.
protocol Comparing {
  func isSame(as other: Self) -> Bool
}

/// A reader is fed growing prefixes of the same bytes; however they are cut, it needs more until it
/// says what it says of the whole, and stays with that.
///
/// - Parameter start: a new reader, to be given all bytes so far.
/// - Returns: how many bytes the verdict took, nil where there is none.
@discardableResult
func requireSameInAnySplit<Found, Failure>(
  _ bytes: [UInt8], _ whole: Verdict<Found, Failure>,
  _ start: () -> (Span<UInt8>) -> Verdict<Found, Failure>
) throws(Violation) -> Int? {
  let oneByOne = start()
  var decided: Int?
  for count in 0...bytes.count {
    let verdict = oneByOne(bytes.span.extracting(first: count))
    if verdict.isNeedMore {
      try require(decided == nil, "needs more after \(count) bytes, was decided at \(decided ?? 0)")
      continue
    }
    decided = decided ?? count
    try require(verdict.isSame(as: whole), "\(count) bytes give \(verdict), all give \(whole)")
  }
  try require((decided == nil) == whole.isNeedMore, "byte by byte: decided at \(decided ?? -1)")

  let split = start()
  var random = choices(for: bytes)
  let ends = (0..<5).map { _ in Int.random(in: 0...bytes.count, using: &random) }.sorted()
  for count in ends + [bytes.count] {
    let verdict = split(bytes.span.extracting(first: count))
    let isDecided = decided.map { count >= $0 } ?? false
    try require(
      isDecided ? verdict.isSame(as: whole) : verdict.isNeedMore,
      "\(count) of \(bytes.count) bytes, split \(ends), give \(verdict), all give \(whole)")
  }
  return decided
}

// MARK: - What readers find

extension RequestHead: Comparing {
  func isSame(as other: RequestHead) -> Bool {
    guard cuts.count == other.cuts.count else { return false }
    for index in 0..<cuts.count {
      guard cuts[index].range == other.cuts[index].range,
        cuts[index].reason == other.cuts[index].reason
      else { return false }
    }
    return length == other.length && fieldsEnd == other.fieldsEnd && method == other.method
      && target == other.target && targetForm == other.targetForm
      && targetIsHTTPS == other.targetIsHTTPS && path == other.path && version == other.version
      && host == other.host && hostIsBracketed == other.hostIsBracketed && hasHost == other.hasHost
      && port == other.port
      && framing == other.framing && keepAlive == other.keepAlive
      && expectsContinue == other.expectsContinue && isUpgrade == other.isUpgrade
      && traceparentCount == other.traceparentCount && tracestateCount == other.tracestateCount
  }
}

extension ResponseHead: Comparing {
  func isSame(as other: ResponseHead) -> Bool {
    length == other.length && status == other.status && version == other.version
      && framing == other.framing && keepAlive == other.keepAlive
      && opensWebSocket == other.opensWebSocket
  }
}

extension Verdict where Found == RequestHead, Failure == RequestError {
  init(_ outcome: RequestHeadReader.Outcome) {
    switch outcome {
    case .needMore: self = .needMore
    case .found(let head): self = .found(head)
    case .malformed(let error): self = .malformed(error)
    }
  }
}

extension Verdict where Found == ResponseHead, Failure == ResponseError {
  init(_ outcome: ResponseHeadReader.Outcome) {
    switch outcome {
    case .needMore: self = .needMore
    case .found(let head): self = .found(head)
    case .malformed(let error): self = .malformed(error)
    }
  }
}
