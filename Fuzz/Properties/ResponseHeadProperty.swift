import SeededRandom
import Wire

/// Any bytes as the head of a response to GET, HEAD and CONNECT: the request decides on the body and
/// nothing else; a lenient reader finds the same status and the same body.
func checkResponseHead(_ bytes: [UInt8]) throws(Violation) {
  let toGET = responseVerdict(bytes)
  let decided = try requireSameInAnySplit(bytes, toGET) {
    var reader = ResponseHeadReader(isHEAD: false)
    return { Verdict(reader.advance($0)) }
  }
  try checkResponseLimits(bytes, toGET)
  let toHEAD = responseVerdict(bytes, isHEAD: true)
  let toCONNECT = responseVerdict(bytes, isCONNECT: true)
  guard case .found(let head) = toGET else {
    try require(toHEAD.isSame(as: toGET) && toCONNECT.isSame(as: toGET), "the method matters")
    return
  }
  guard case .found(let headHEAD) = toHEAD, case .found(let headCONNECT) = toCONNECT else {
    throw Violation(description: "the method matters")
  }
  try require(decided == head.length, "found after \(decided ?? 0) bytes, length \(head.length)")
  try require(headHEAD.framing == .none, "a response to HEAD with \(headHEAD.framing)")
  try require(headHEAD.status == head.status && headHEAD.length == head.length, "HEAD differs")
  if (200...299).contains(head.status) {
    try require(headCONNECT.framing == .none, "a tunnel with \(headCONNECT.framing)")
  } else {
    try require(headCONNECT.isSame(as: head), "a refused CONNECT reads \(headCONNECT)")
  }
  try checkLenientResponse(head, bytes)
}

private func responseVerdict(
  _ bytes: [UInt8], limits: HeadLimits = HeadLimits(), isHEAD: Bool = false,
  isCONNECT: Bool = false
) -> Verdict<ResponseHead, ResponseError> {
  var reader = ResponseHeadReader(limits: limits, isHEAD: isHEAD, isCONNECT: isCONNECT)
  return Verdict(reader.advance(bytes.span))
}

private func checkResponseLimits(
  _ bytes: [UInt8], _ whole: Verdict<ResponseHead, ResponseError>
) throws(Violation) {
  if !bytes.isEmpty {
    var random = choices(for: bytes)
    let limit = Int.random(in: 1...bytes.count, using: &random)
    let limited = responseVerdict(bytes, limits: HeadLimits(maximumBytes: limit))
    try require(!limited.isNeedMore, "\(bytes.count) bytes need more at a limit of \(limit)")
    if case .found(let head) = limited {
      try require(head.length <= limit, "a head of \(head.length) bytes at a limit of \(limit)")
    }
  }
  guard case .found(let head) = whole else { return }
  let exact = responseVerdict(bytes, limits: HeadLimits(maximumBytes: head.length))
  try require(exact.isSame(as: whole), "a head as long as the limit gives \(exact)")
  let short = responseVerdict(bytes, limits: HeadLimits(maximumBytes: head.length - 1))
  guard case .malformed(.headTooLarge) = short else {
    throw Violation(description: "a head one byte over the limit gives \(short)")
  }
}

private func checkLenientResponse(_ head: ResponseHead, _ bytes: [UInt8]) throws(Violation) {
  guard let lenient = LenientHead(bytes) else { throw Violation(description: "no empty line") }
  try require(lenient.end == head.length, "a lenient head ends at \(lenient.end)")
  let line = Array(lenient.startLine)
  try require(line.count >= 12 && line.starts(with: "HTTP/1.".utf8), "the status line")
  try require(LenientHead.decimal(Array(line[9..<12])) == UInt64(head.status), "the status")
  try require((100...999).contains(head.status), "status \(head.status)")
  try require(head.isInterim == (head.status < 200 && head.status != 101), "interim")
  for line in lenient.lines {
    try require(line.bytes.starts(with: line.name) { LenientHead.lowercased($0) == $1 }, "a fold")
  }
  guard let body = lenient.body else { throw Violation(description: "an ambiguous body") }
  let hasNone = head.status < 200 || head.status == 204 || head.status == 304
  let expected: ResponseHead.Framing =
    switch body {
    case _ where hasNone: .none
    case .none: .untilClose
    case .length(let length): .length(length)
    case .chunked: .chunked
    }
  try require(head.framing == expected, "\(head.framing), leniently \(expected)")
  let keepsAlive = lenient.keepsAlive(minor: line[7]) && expected != .untilClose
  try require(head.keepAlive == keepsAlive, "keepAlive \(head.keepAlive)")
  guard head.opensWebSocket else { return }
  let upgrades = lenient.values(of: "upgrade").map { $0.map(LenientHead.lowercased) }
  try require(head.status == 101 && upgrades.last == Array("websocket".utf8), "a bare 101 opens")
}
