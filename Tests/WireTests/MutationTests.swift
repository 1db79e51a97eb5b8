import SeededRandom
import Testing
import Wire

/// Sound inputs with a few bytes changed, left out, doubled or put elsewhere. Whatever comes of it,
/// nothing traps, and how the bytes arrive makes no difference.
@Suite("Mutated input")
struct MutationTests {
  static let rounds = 3000

  /// Bytes on which parsers stumble.
  static let interesting: [UInt8] =
    Array("\r\n \t:,;/\\?#@[]%*0aAxX=-_\"".utf8) + [0, 1, 0x7f, 0x80, 0xff]

  func mutate(_ input: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var bytes = input
    for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
      let index = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<6, using: &random) {
      case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes[index] = Self.interesting.randomElement(using: &random)!
      case 2: bytes.insert(Self.interesting.randomElement(using: &random)!, at: index)
      case 3: bytes.remove(at: index)
      case 4: bytes[index] &+= Bool.random(using: &random) ? 1 : 255
      default:
        let end = min(bytes.count, index + Int.random(in: 1...24, using: &random))
        let slice = Array(bytes[index..<end])
        bytes.insert(contentsOf: slice, at: Int.random(in: 0...bytes.count, using: &random))
      }
    }
    return bytes
  }

  /// Some prefixes, the last of them the whole.
  func cuts(_ count: Int, _ random: inout SeededGenerator) -> [Int] {
    (0..<6).map { _ in Int.random(in: 0...count, using: &random) }.sorted() + [count]
  }

  func expectSame(_ verdicts: [Verdict], _ whole: Verdict, _ bytes: [UInt8]) {
    #expect(verdicts.last == whole, "\(bytes)")
    #expect(verdicts.drop { $0 == .needMore }.allSatisfy { $0 == whole }, "\(bytes)")
  }

  @Test("of a ClientHello", arguments: 1...4 as ClosedRange<UInt64>)
  func hellos(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var inputs = CapturedHello.all.map(\.bytes)
    inputs.append(HelloBuilder(name: "a.example").bytes(split: 9))
    for _ in 0..<Self.rounds {
      let bytes = mutate(inputs.randomElement(using: &random)!, &random)
      var reader = ClientHelloReader()
      expectSame(
        feed(bytes, ends: cuts(bytes.count, &random)) { Verdict(reader.advance($0)) },
        .hello(bytes), bytes)
      _ = FirstBytes.classify(bytes.span)
    }
  }

  @Test("of a request head", arguments: 1...4 as ClosedRange<UInt64>)
  func requests(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let inputs = RequestHeadTests.cases.map { Array($0.head.utf8) }
    var found = 0
    for _ in 0..<Self.rounds {
      let bytes = mutate(inputs.randomElement(using: &random)!, &random)
      let whole = Verdict.request(bytes)
      var reader = RequestHeadReader()
      expectSame(
        feed(bytes, ends: cuts(bytes.count, &random)) { Verdict(reader.advance($0), bytes) }, whole,
        bytes)
      if case .found = whole {
        found += 1
        expectSoundRewrite(bytes)
      }
    }
    #expect(found > 0)
  }

  /// What is forwarded is one request to the same host with the same body, and cleaner than before.
  func expectSoundRewrite(_ bytes: [UInt8]) {
    var reader = RequestHeadReader()
    guard case .found(let head) = reader.advance(bytes.span) else { return }
    var forwarded: [UInt8] = []
    RequestRewrite.forEachPiece(of: head, replacingTraceContext: true) {
      forwarded += bytes[$0.indices]
    }
    forwarded += [0x0d, 0x0a]
    var second = RequestHeadReader()
    guard case .found(let again) = second.advance(forwarded.span) else {
      Issue.record("\(String(decoding: forwarded, as: UTF8.self))")
      return
    }
    #expect(again.length == forwarded.count)
    #expect(again.cuts.count == 0)
    #expect(text(forwarded, again.host) == text(bytes, head.host))
    #expect(text(forwarded, again.target) == text(bytes, head.target))
    #expect(text(forwarded, again.method) == text(bytes, head.method))
    #expect(again.framing == head.framing)
    #expect(again.keepAlive == head.keepAlive)
    #expect(again.isUpgrade == head.isUpgrade)
    #expect(again.port == head.port)
  }

  @Test("of a response head", arguments: 1...4 as ClosedRange<UInt64>)
  func responses(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let inputs = ResponseHeadTests.framings.map { Array(($0.0 + "\r\n").utf8) }
    for _ in 0..<Self.rounds {
      let bytes = mutate(inputs.randomElement(using: &random)!, &random)
      var whole = ResponseHeadReader(isHEAD: false)
      let verdict = Verdict(whole.advance(bytes.span))
      var reader = ResponseHeadReader(isHEAD: false)
      expectSame(
        feed(bytes, ends: cuts(bytes.count, &random)) { Verdict(reader.advance($0)) }, verdict,
        bytes)
    }
  }

  @Test("of a chunked body", arguments: 1...4 as ClosedRange<UInt64>)
  func bodies(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let inputs = ChunkedReaderTests.sound.map { Array($0.utf8) }
    for _ in 0..<Self.rounds {
      let bytes = mutate(inputs.randomElement(using: &random)!, &random)
      var whole = ChunkedReader()
      let expected = whole.advance(bytes.span)
      #expect(expected.state != .more || expected.consumed == bytes.count)
      var reader = ChunkedReader()
      var consumed = 0
      var state = ChunkedReader.State.more
      for end in cuts(bytes.count, &random) {
        let progress = reader.advance(bytes.span.extracting(consumed..<max(consumed, end)))
        consumed += progress.consumed
        state = progress.state
        if state != .more { break }
      }
      #expect(state == expected.state, "\(bytes)")
      #expect(consumed == expected.consumed, "\(bytes)")
    }
  }

  @Test(
    "of trace context keeps what is sent on valid and bounded",
    arguments: 1...2 as ClosedRange<UInt64>)
  func traceContext(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let state = (0..<20).map { "k\($0)=" + String(repeating: "v", count: $0 * 9) }
    let input = Array(
      ("GET / HTTP/1.1\r\nHost: a\r\ntraceparent: \(TraceContextTests.valid)\r\ntracestate: "
        + state.joined(separator: ", ") + "\r\ntracestate: z=1\r\n\r\n").utf8)
    for _ in 0..<Self.rounds {
      let bytes = mutate(input, &random)
      var reader = RequestHeadReader()
      guard case .found(let head) = reader.advance(bytes.span) else { continue }
      let context = TraceContext(
        continuing: head, in: bytes.span, traceID: UInt128(random.next()), parentID: random.next())
      let sent = [UInt8](capacity: TraceContext.maximumFieldsLength) { output in
        context.appendFields(of: head, in: bytes.span, to: &output)
      }
      let again = Array("GET / HTTP/1.1\r\nHost: a\r\n".utf8) + sent + [0x0d, 0x0a]
      var second = RequestHeadReader()
      guard case .found(let parsed) = second.advance(again.span) else {
        Issue.record("\(again)")
        continue
      }
      #expect(parsed.traceparentCount == 1)
      #expect(TraceParent(sent.span.extracting(13..<68)) != nil)
    }
  }
}
