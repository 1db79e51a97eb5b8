import TestNetwork
import Testing

/// Every input on which a proxy and a server could see different requests, and many on which they
/// must not: what reaches the upstream is, byte for byte, what was audited as allowed.
///
/// All inputs are played once, at the same time, against one sidecar and one upstream.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct RawInputTests {
  static let inputs =
    RequestLineInputs.all + TargetInputs.all + HostInputs.all + FieldInputs.all
    + FramingInputs.all + ChunkedInputs.all + ConnectionInputs.all + UpgradeInputs.all
    + OddInputs.all + PipelineInputs.all

  /// Longer ones don't come byte by byte.
  static let longestBytewise = 1500

  private static func mayComeBytewise(_ play: RawPlay) -> Bool {
    !play.input.isInOnePiece && play.sent.unicodeScalars.count <= longestBytewise
  }

  static let plays: [RawPlay] = inputs.flatMap { input in
    RawPlay.Way.allCases.map { RawPlay(input: input, way: $0) }
      .filter { $0.way != .bytewise || mayComeBytewise($0) }
      .filter { $0.way != .second || !input.isAddressed }
  }

  static let outcomes = Result { try RawScene.play(plays.map(\.turn)) }

  static func outcomes(of input: RawInput) throws -> [(RawPlay, RawOutcome)] {
    Array(zip(plays, try outcomes.get())).filter {
      $0.0.input.testDescription == input.testDescription
    }
  }

  @Test func `there are many, each with a name of its own`() throws {
    #expect(Self.inputs.count >= 250)
    #expect(Set(Self.inputs.map(\.testDescription)).count == Self.inputs.count)
    #expect(try Self.outcomes.get().count == Self.plays.count)
  }

  @Test(arguments: inputs)
  func `the upstream sees what was allowed, and nothing else`(input: RawInput) throws {
    for (play, outcome) in try Self.outcomes(of: input) {
      let seen = Raw.bytes(outcome.upstream.map(\.received).joined())
      let forwarded = Raw.bytes(play.forwarded)
      #expect(seen.starts(with: forwarded), "\(play): \(shown(seen))")
      // What comes in parts may be forwarded up to its fault: never as a whole request.
      let rest = seen.dropFirst(forwarded.count)
      #expect(Raw.bytes(play.forwardedInPart).starts(with: rest), "\(play): \(shown(seen))")
      if !rest.isEmpty { #expect(outcome.upstream.last?.ended == "reset", "\(play)") }

      let requests = outcome.upstream.flatMap(\.requests)
      let allowed = outcome.records.filter { $0.decision == "allow" }
      #expect(requests.map { $0[0] } == allowed.map(\.method), "\(play)")
      #expect(
        requests.map { RawHead("\($0[0]) \($0[1]) HTTP/1.1").recorded["httpPath"] }
          == allowed.map { $0[text: "httpPath"] }, "\(play)")
    }
  }

  @Test(arguments: inputs)
  func `every request has one record that says what became of it`(input: RawInput) throws {
    for (play, outcome) in try Self.outcomes(of: input) {
      #expect(
        outcome.records.count == play.records.count,
        "\(play): \(outcome.records.map(\.line).joined(separator: "\n"))")
      for (record, fields) in zip(outcome.records, play.records) {
        for (key, value) in fields {
          #expect(
            record.shown(key).lowercased() == value.lowercased(), "\(play): \(key), \(record)")
        }
      }
    }
  }

  @Test(arguments: inputs)
  func `the client gets its answers in order, and an end where one is due`(
    input: RawInput
  ) throws {
    for (play, outcome) in try Self.outcomes(of: input) {
      #expect(
        outcome.ended == (play.kind == .opaque ? "reset" : "eof"), "\(play): \(outcome.received)")
      if play.kind == .http2 {
        // SETTINGS, then GOAWAY (RFC 9113 §6.5, §6.8).
        let start = Raw.bytes("\0\0\0\u{4}\0\0\0\0\0\0\0")
        let received = Raw.bytes(outcome.received)
        #expect(received.starts(with: start) && received.dropFirst(12).first == 7, "\(play)")
        continue
      }
      let answers = RawAnswer.read(outcome.received, heads: play.answersToHEAD)
      #expect(answers == play.answers, "\(play): \(outcome.received.debugDescription)")
    }
  }

  /// Monitor mode lets pass what the allowlist would deny; what can't be read is no such thing.
  @Test func `monitor mode lets nothing malformed pass`() throws {
    let plays = Self.plays.filter { play in
      play.way == .second
        && play.input.requests.allSatisfy {
          switch $0.verdict {
          case .refused, .refusedInBody: true
          case .forwarded, .denied: false
          }
        }
    }
    #expect(plays.count > 250)
    let document = RawScene.document(mode: "monitor")
    for (play, outcome) in zip(plays, try RawScene.play(plays.map(\.turn), document: document)) {
      #expect(outcome.upstream.map(\.received).joined() == play.forwarded, "\(play)")
      #expect(outcome.records.map(\.decision) == ["allow", "deny"], "\(play)")
      #expect(outcome.records.last?[number: "enforced"] == 1, "\(play)")
    }
  }

  private func shown(_ bytes: [UInt8]) -> String {
    String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) })).debugDescription
  }
}
