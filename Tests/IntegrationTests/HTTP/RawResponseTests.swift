import TestNetwork
import Testing

/// Responses as servers send them, and worse: what passes does so byte for byte, what could be read
/// in two ways is a 502, and the next request is answered by its own response.
@Suite(.serialized, .enabled(if: Requirement.privileged))
struct RawResponseTests {
  /// One way of sending a response.
  struct Play: Sendable {
    let response: RawResponse
    let bytewise: Bool
    let number: Int

    /// Every play has a target of its own, by which the upstream knows what to answer.
    var target: String { "/r\(number)" }

    var script: RawScript {
      RawScript(
        target: target, send: response.sent, closes: response.closes, early: response.isEarly,
        bytewise: bytewise)
    }

    var turn: RawTurn {
      RawTurn(
        input:
          "\(response.method) \(target) HTTP/1.1\r\nHost: \(Raw.host)\r\n\(response.fields)\r\n"
          + response.body + Raw.get("/behind"),
        ends: response.result == .passes || response.result == .isBadGateway)
    }
  }

  static let plays: [Play] = RawResponse.all.flatMap { [($0, false), ($0, true)] }
    .filter { !$1 || $0.mayComeBytewise }
    .enumerated().map { Play(response: $1.0, bytewise: $1.1, number: $0) }

  static let outcomes = Result {
    try RawScene.play(plays.map(\.turn), scripts: plays.map(\.script))
  }

  static func outcomes(of response: RawResponse) throws -> [(Play, RawOutcome)] {
    Array(zip(plays, try outcomes.get())).filter {
      $0.0.response.testDescription == response.testDescription
    }
  }

  static let behind = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nGET /behind 0"

  @Test(arguments: RawResponse.all)
  func `the client gets what may pass, and an end or a 502 for the rest`(
    response: RawResponse
  ) throws {
    for (play, outcome) in try Self.outcomes(of: response) {
      let received = Raw.bytes(outcome.received)
      let note = "\(response), byte by byte: \(play.bytewise): \(outcome.received.debugDescription)"
      switch response.result {
      case .passes:
        #expect(received == Raw.bytes(response.passed + Self.behind), "\(note)")
        #expect(outcome.ended == "eof", "\(note)")
      case .passesAndCloses:
        #expect(received == Raw.bytes(response.passed), "\(note)")
        #expect(outcome.ended == "eof", "\(note)")
      case .isBadGateway:
        #expect(outcome.received.hasPrefix("HTTP/1.1 502 "), "\(note)")
        // The request was over, so that the next one has a server of its own.
        #expect(received.count(of: "HTTP/1.1 ") == 2, "\(note)")
        #expect(outcome.received.hasSuffix(Self.behind), "\(note)")
      case .breaksOff:
        // Never an end that looks like the response's own.
        #expect(outcome.ended == "reset", "\(note)")
        #expect(Raw.bytes(response.passed).starts(with: received), "\(note)")
      }
    }
  }

  @Test(arguments: RawResponse.all)
  func `every request is recorded once, with the status that the client got`(
    response: RawResponse
  ) throws {
    for (play, outcome) in try Self.outcomes(of: response) {
      let records = outcome.records
      let note = "\(response), byte by byte: \(play.bytewise): \(records)"
      let (status, ended, hasNext): (Int, String, Bool) =
        switch response.result {
        case .passes: (response.status, "completed", true)
        case .passesAndCloses: (response.status, "completed", false)
        case .isBadGateway: (502, "upstream-failed", true)
        case .breaksOff: (response.status, "upstream-failed", false)
        }
      #expect(records.map(\.decision) == (hasNext ? ["allow", "allow"] : ["allow"]), "\(note)")
      #expect(records.first?.status == status, "\(note)")
      #expect(records.first?.outcome == ended, "\(note)")
      let seen = outcome.upstream.flatMap(\.requests)
      #expect(
        seen.map { $0[0] } == (response.isAbandoned ? [] : records.map(\.method)), "\(note)")
    }
  }
}

extension [UInt8] {
  fileprivate func count(of text: String) -> Int {
    let text = Array(text.utf8)
    guard count >= text.count else { return 0 }
    return (0...(count - text.count)).count { self[$0...].starts(with: text) }
  }
}
