import SeededRandom
import Wire

/// Any bytes: one verdict however they come, no waiting past a limit; and of what is found, a
/// lenient reader finds the same.
func checkRequestHead(_ bytes: [UInt8]) throws(Violation) {
  let whole = requestVerdict(bytes)
  let decided = try requireSameInAnySplit(bytes, whole) {
    var reader = RequestHeadReader()
    return { Verdict(reader.advance($0)) }
  }
  try checkRequestLimits(bytes, whole)
  guard case .found(let head) = whole else { return }
  try require(decided == head.length, "found after \(decided ?? 0) bytes, length \(head.length)")
  try checkRanges(of: head, bytes)
  let lenient = try lenientRequest(head, bytes)
  try checkHost(of: head, bytes, lenient)
  guard case .http = FirstBytes.classify(bytes.span) else {
    throw Violation(description: "a request whose first bytes are not taken for one")
  }
  try checkForwarded(head, bytes, lenient)
  try checkForwardedAsProxy(head, bytes, lenient)
}

func requestVerdict(
  _ bytes: [UInt8], limits: HeadLimits = HeadLimits()
) -> Verdict<RequestHead, RequestError> {
  var reader = RequestHeadReader(limits: limits)
  return Verdict(reader.advance(bytes.span))
}

private func checkRequestLimits(
  _ bytes: [UInt8], _ whole: Verdict<RequestHead, RequestError>
) throws(Violation) {
  if !bytes.isEmpty {
    var random = choices(for: bytes)
    let limit = Int.random(in: 1...bytes.count, using: &random)
    let limited = requestVerdict(bytes, limits: HeadLimits(maximumBytes: limit))
    try require(!limited.isNeedMore, "\(bytes.count) bytes need more at a limit of \(limit)")
    if case .found(let head) = limited {
      try require(head.length <= limit, "a head of \(head.length) bytes at a limit of \(limit)")
    }
  }
  guard case .found(let head) = whole else { return }
  let exact = requestVerdict(bytes, limits: HeadLimits(maximumBytes: head.length))
  try require(exact.isSame(as: whole), "a head as long as the limit gives \(exact)")
  let short = requestVerdict(bytes, limits: HeadLimits(maximumBytes: head.length - 1))
  guard case .malformed(let error) = short else {
    throw Violation(description: "a head one byte over the limit gives \(short)")
  }
  try require([414, 431].contains(error.status), "a head over the limit is \(error)")
}

private func checkRanges(of head: RequestHead, _ bytes: [UInt8]) throws(Violation) {
  let (method, target, path) = (head.method.indices, head.target.indices, head.path.indices)
  try require(head.length <= bytes.count, "the head's length")
  try require(head.fieldsEnd == head.length - 2, "the fields' end")
  try require(
    Array(bytes[head.fieldsEnd - 2..<head.length]) == [13, 10, 13, 10], "the head's last bytes")
  try require(method.lowerBound == 0 && !method.isEmpty, "the method's range \(method)")
  try require(
    target.lowerBound == method.upperBound + 1 && !target.isEmpty, "the target's range \(target)")
  let version = head.version == .http11 ? "HTTP/1.1\r\n" : "HTTP/1.0\r\n"
  try require(bytes[method.upperBound] == 0x20, "what follows the method")
  try require(
    bytes[target.upperBound..<head.length].starts(with: " \(version)".utf8),
    "what follows the target")
  try require(
    target.lowerBound <= path.lowerBound && path.upperBound <= target.upperBound, "the path's range"
  )
  try require(head.host.indices.upperBound <= head.fieldsEnd, "the host's range \(head.host)")
  var end = target.upperBound + 1 + version.utf8.count
  for index in 0..<head.cuts.count {
    let cut = head.cuts[index].range.indices
    try require(cut.lowerBound >= end && !cut.isEmpty, "cut \(index), \(cut), behind \(end)")
    end = cut.upperBound
  }
  try require(end <= head.fieldsEnd, "the last cut ends at \(end)")
}

/// The same bytes, read leniently, are the same request.
private func lenientRequest(_ head: RequestHead, _ bytes: [UInt8]) throws(Violation) -> LenientHead
{
  guard let lenient = LenientHead(bytes) else { throw Violation(description: "no empty line") }
  try require(lenient.end == head.length, "a lenient head ends at \(lenient.end)")
  try require(
    !bytes[..<head.length].contains {
      $0 != 9 && $0 != 10 && $0 != 13 && ($0 < 0x20 || $0 == 0x7f)
    },
    "a control byte")
  let words = lenient.startLine.split { $0 == 0x20 || $0 == 9 }
  try require(words.count == 3, "\(words.count) words in the request line")
  try require(Array(words[0]) == Array(bytes[head.method.indices]), "the method")
  try require(Array(words[1]) == Array(bytes[head.target.indices]), "the target")
  for line in lenient.lines {
    try require(!line.name.isEmpty, "a line without a name")
    try require(line.bytes.starts(with: line.name) { LenientHead.lowercased($0) == $1 }, "a fold")
  }
  let body: LenientHead.Body =
    switch head.framing {
    case .none: .none
    case .length(let length): .length(length)
    case .chunked: .chunked
    }
  if head.targetForm == .authority {
    try require(
      lenient.body == LenientHead.Body.none || lenient.body == .length(0), "a tunnel's body")
  } else {
    try require(
      lenient.body == body, "\(head.framing), leniently \(String(describing: lenient.body))")
  }
  try require(
    head.keepAlive == lenient.keepsAlive(minor: words[2].last ?? 0), "keepAlive \(head.keepAlive)")
  let expects = lenient.values(of: "expect").contains {
    $0.map(LenientHead.lowercased) == Array("100-continue".utf8)
  }
  try require(head.expectsContinue == expects, "expectsContinue \(head.expectsContinue)")
  try require(head.traceparentCount == lenient.values(of: "traceparent").count, "traceparent lines")
  try require(head.tracestateCount == lenient.values(of: "tracestate").count, "tracestate lines")
  return lenient
}

/// One host, and every place that names one names this one.
private func checkHost(
  of head: RequestHead, _ bytes: [UInt8], _ lenient: LenientHead
) throws(Violation) {
  let hosts = lenient.values(of: "host")
  try require(hosts.count == 1 || hosts.isEmpty && head.version == .http10, "\(hosts.count) hosts")
  try require(head.hasHost == !hosts.isEmpty, "hasHost \(head.hasHost)")
  var named = hosts
  let target = bytes[head.target.indices]
  if head.targetForm == .authority {
    named.append(Array(target))
  } else if head.targetForm == .absolute {
    let scheme = head.targetIsHTTPS ? 8 : 7
    named.append(Array(target.dropFirst(scheme).prefix { $0 != 0x2f && $0 != 0x3f && $0 != 0x5c }))
  }
  let host = bytes[head.host.indices].map(LenientHead.lowercased)
  try require(host.isEmpty == named.isEmpty, "an empty host")
  for name in named {
    try require(
      !name.contains { $0 == 0x40 || $0 == 0x2c || $0 == 0x25 }, "@, comma or % in a host")
    let end = name.lastIndex(of: UInt8(ascii: "]")) ?? 0
    let colon = name[end...].firstIndex(of: UInt8(ascii: ":")) ?? name.endIndex
    var text = name[..<colon].map(LenientHead.lowercased)
    if head.hostIsBracketed { text = [UInt8](text.dropFirst().dropLast()) }
    try require(text == host, "a host named differently")
    guard colon < name.endIndex else { continue }
    let port = LenientHead.decimal(Array(name[(colon + 1)...]))
    let implied: UInt64 = head.targetIsHTTPS ? 443 : 80
    try require(port == head.port.map(UInt64.init) ?? implied, "a port named differently")
  }
}
