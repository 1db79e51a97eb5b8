import Kernel
import Testing

@testable import ControlPlane

/// When a stream is opened again, without a clock.
@Suite("A stream of the Workload API")
struct SubscriptionStateTests {
  static let second: UInt64 = 1_000_000_000
  static let begin = Instant(nanoseconds: 1_000 * second)

  static func status(_ code: GRPCStatus.Code) -> GRPCEnd {
    .status(GRPCStatus(code: code, message: ""))
  }

  /// Ends after which another attempt may go better.
  static let passing: [GRPCEnd] =
    GRPCStatus.Code.allCases.filter { ![.ok, .invalidArgument, .unimplemented].contains($0) }
    .map(status) + [
      .unreachable(.connectionRefused), .unreachable(Errno(2)), .reset(code: 2),
      .malformed(.compressed),
    ]

  @Test("is waited for one second longer each time, thirty at most", arguments: passing)
  func backsOff(_ end: GRPCEnd) {
    var state = SubscriptionState()
    var now = Self.begin
    for attempt in 1...40 as ClosedRange<UInt64> {
      state.connects(at: now)
      let expected = now + min(attempt, 30) * Self.second
      #expect(state.ended(end, at: now) == .wait(until: expected))
      now = expected
    }
  }

  @Test(
    "is opened at once where it worked and was closed",
    arguments: [
      status(.ok), .closed, .silent,
    ])
  func reconnects(_ end: GRPCEnd) {
    var state = SubscriptionState()
    state.connects(at: Self.begin)
    state.received()
    #expect(state.ended(end, at: Self.begin + Self.second) == .connect)
  }

  @Test(
    "that is closed as soon as it is open is opened once a second",
    arguments: [
      status(.ok), .closed, .silent,
    ])
  func circles(_ end: GRPCEnd) {
    var state = SubscriptionState()
    var now = Self.begin
    for _ in 0..<10 {
      state.connects(at: now)
      state.received()
      #expect(state.ended(end, at: now + 1) == .wait(until: now + Self.second))
      now = now + Self.second
    }
  }

  @Test(
    "that is closed without a message is waited for longer and longer",
    arguments: [
      status(.ok), .closed, .silent,
    ])
  func bringsNothing(_ end: GRPCEnd) {
    var state = SubscriptionState()
    for attempt in 1...3 as ClosedRange<UInt64> {
      state.connects(at: Self.begin)
      #expect(
        state.ended(end, at: Self.begin) == .wait(until: Self.begin + attempt * Self.second))
    }
  }

  @Test func `begins with one second again after a message`() {
    var state = SubscriptionState()
    for _ in 0..<5 {
      state.connects(at: Self.begin)
      _ = state.ended(Self.status(.unavailable), at: Self.begin)
    }
    state.connects(at: Self.begin)
    state.received()
    #expect(
      state.ended(Self.status(.unavailable), at: Self.begin)
        == .wait(until: Self.begin + Self.second))
  }

  @Test(
    "is given up where asking again is pointless",
    arguments: [GRPCStatus.Code.invalidArgument, .unimplemented])
  func givesUp(_ code: GRPCStatus.Code) {
    for hasReceived in [false, true] {
      var state = SubscriptionState()
      state.connects(at: Self.begin)
      if hasReceived { state.received() }
      let status = GRPCStatus(code: code, message: "never")
      #expect(state.ended(.status(status), at: Self.begin) == .giveUp(status))
    }
  }
}
