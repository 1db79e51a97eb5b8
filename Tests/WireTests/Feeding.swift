import Testing
import Wire

/// What a reader said, in a form that compares: two ways of feeding it must end the same.
enum Verdict: Equatable, Sendable {
  case needMore
  case found(String)
  case malformed(String)

  var isFound: Bool { if case .found = self { true } else { false } }
}

func text(_ bytes: [UInt8], _ range: ByteRange) -> String {
  String(decoding: bytes[range.indices], as: UTF8.self)
}

extension Verdict {
  init(_ outcome: RequestHeadReader.Outcome, _ bytes: [UInt8]) {
    switch outcome {
    case .needMore: self = .needMore
    case .malformed(let error): self = .malformed("\(error)")
    case .found(let head): self = .found(summary(head, bytes))
    }
  }

  init(_ outcome: ResponseHeadReader.Outcome) {
    switch outcome {
    case .needMore: self = .needMore
    case .malformed(let error): self = .malformed("\(error)")
    case .found(let head): self = .found("\(head)")
    }
  }

  init(_ outcome: ClientHelloReader.Outcome) {
    switch outcome {
    case .needMore: self = .needMore
    case .malformed(let error): self = .malformed("\(error)")
    case .found(let hello): self = .found("\(hello.name) \(hello.offersEncryptedClientHello)")
    case .noName(let hello): self = .found("- \(hello.offersEncryptedClientHello)")
    }
  }

  static func request(_ bytes: [UInt8], limits: HeadLimits = HeadLimits()) -> Verdict {
    var reader = RequestHeadReader(limits: limits)
    return Verdict(reader.advance(bytes.span), bytes)
  }

  static func hello(_ bytes: [UInt8], limit: Int = 16384) -> Verdict {
    var reader = ClientHelloReader(limit: limit)
    return Verdict(reader.advance(bytes.span))
  }
}

extension ClientHello {
  var name: String {
    let bytes = serverNameBytes
    return String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
  }
}

/// Every part of a head that a decision or the way it is forwarded rests on.
func summary(_ head: RequestHead, _ bytes: [UInt8]) -> String {
  var parts = [
    "\(head.length)", "\(head.fieldsEnd)", text(bytes, head.method), text(bytes, head.target),
    "\(head.targetForm)", "\(head.targetIsHTTPS)", text(bytes, head.path), "\(head.version)",
    text(bytes, head.host), "\(head.hostIsBracketed)", "\(String(describing: head.port))",
    "\(head.framing)", "\(head.keepAlive)", "\(head.expectsContinue)", "\(head.isUpgrade)",
    "\(head.traceparentCount)", "\(head.tracestateCount)",
  ]
  for index in 0..<head.cuts.count {
    parts.append("\(head.cuts[index].reason):\(text(bytes, head.cuts[index].range))")
  }
  return parts.joined(separator: "|")
}

/// Feeds `bytes` in growing prefixes that end at `ends`, and what it said at each.
///
/// - Parameter advance: the reader, given all bytes so far.
func feed(
  _ bytes: [UInt8], ends: some Sequence<Int>, _ advance: (Span<UInt8>) -> Verdict
) -> [Verdict] {
  ends.map { advance(bytes.span.extracting(first: $0)) }
}

/// One byte at a time a reader needs more, then says what it says of the whole, and stays with it.
func expectSameByteByByte(
  _ bytes: [UInt8], whole: Verdict, _ advance: (Span<UInt8>) -> Verdict,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let verdicts = feed(bytes, ends: 1..<(bytes.count + 1), advance)
  let decided = verdicts.drop { $0 == .needMore }
  #expect((verdicts.last ?? .needMore) == whole, sourceLocation: sourceLocation)
  #expect(decided.allSatisfy { $0 == whole }, sourceLocation: sourceLocation)
}
