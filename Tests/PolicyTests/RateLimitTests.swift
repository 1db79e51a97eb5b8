import Addressing
import Policy
import SeededRandom
import Synchronization
import Testing

@Suite("Rate limits")
struct RateLimitTests {
  private static let second: UInt64 = 1_000_000_000

  private func ruleset(
    _ limit: RateLimit, name: String = "example.com", mode: EnforcementMode = .enforce,
    after old: Ruleset? = nil
  ) throws -> Ruleset {
    Ruleset(
      rules: [try rule("10.0.0.1", ports: [22...22]), try rule(name, limit: limit)],
      enforcementMode: mode, carryingOver: old)
  }

  private func passes(_ ruleset: Ruleset, at now: UInt64?) throws -> Bool {
    switch ruleset.decide(try http("GET", "example.com"), from: nil, at: now) {
    case .allow(_, let wouldDeny): wouldDeny == nil
    case .deny: false
    }
  }

  @Test("a burst at once, then one use after each interval, to the nanosecond")
  func manualClock() throws {
    let ruleset = try ruleset(RateLimit(perSecond: 2, burst: 3))
    let start: UInt64 = 77 * Self.second
    for _ in 0..<3 { #expect(try passes(ruleset, at: start)) }
    #expect(try !passes(ruleset, at: start))
    for interval in 1...10 as ClosedRange<UInt64> {
      let due = start + interval * Self.second / 2
      #expect(try !passes(ruleset, at: due - 1))
      #expect(try passes(ruleset, at: due))
      #expect(try !passes(ruleset, at: due))
    }
    // A long silence is worth a burst, no more.
    let later = start + 1000 * Self.second
    for _ in 0..<3 { #expect(try passes(ruleset, at: later)) }
    #expect(try !passes(ruleset, at: later))
  }

  @Test(
    "random uses are counted as a leaking bucket counts them",
    arguments: 1...6 as ClosedRange<UInt64>)
  func reference(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let billionths =
      [1, 3_000_000_000, 1_500_000_000, 999_999_937, 1_000_000_000_000_000]
      .randomElement(using: &random)! as UInt64
    let limit = RateLimit(
      billionthsPerSecond: billionths, burst: Int.random(in: 1...20, using: &random))
    let ruleset = try ruleset(limit)
    let interval = UInt128((1e18 / Double(billionths)).rounded())
    var now: UInt64 = 1
    var level: UInt128 = 0
    for _ in 0..<2000 {
      let step = UInt64.random(in: 0...UInt64(interval * 2), using: &random)
      now += step
      level -= min(level, UInt128(step))
      let fits = level + interval <= interval * UInt128(limit.burst)
      if fits { level += interval }
      #expect(try passes(ruleset, at: now) == fits)
      if now > 1 << 61 { break }
    }
  }

  @Test("two threads together use it as often as one could", arguments: [1, 1000])
  func twoThreads(burst: Int) async throws {
    let ruleset = try ruleset(RateLimit(perSecond: 1_000_000, burst: burst))
    var now: UInt64 = 1
    for _ in 0..<20 {
      let time = now
      let flow = try http("GET", "example.com")
      let passed = await withTaskGroup(of: Int.self) { group in
        for _ in 0..<2 {
          group.addTask {
            (0..<burst + 500).count { _ in
              if case .allow = ruleset.decide(flow, from: nil, at: time) { true } else { false }
            }
          }
        }
        return await group.reduce(0, +)
      }
      #expect(passed == burst)
      // What has come meanwhile is exactly a burst.
      now += UInt64(burst) * 1000
    }
  }

  @Test("the denial says when to come back, and then it is time")
  func retryAfter() throws {
    let ruleset = try ruleset(RateLimit(billionthsPerSecond: 400_000_000, burst: 1))
    #expect(try passes(ruleset, at: Self.second))
    for (now, seconds) in [
      (1_000_000_000, 3), (1_500_000_000, 2), (1_500_000_001, 2),
      (2_500_000_000, 1), (3_499_999_999, 1),
    ] as [(UInt64, Int)] {
      let verdict = Outcome(ruleset.decide(try http("GET", "example.com"), from: nil, at: now))
      guard case .deny(let denial) = verdict else {
        Issue.record("\(verdict)")
        continue
      }
      #expect(denial.reason == .rateLimited)
      #expect(denial.nearestMiss == NearestMiss(ruleIndex: 1, missed: .rate))
      #expect(denial.retryAfterSeconds == seconds)
    }
    #expect(try passes(ruleset, at: 3_500_000_000))
  }

  @Test("who is judged without a time uses nothing, nor what is to be seen first")
  func unpaid() throws {
    let limited = Ruleset(
      rules: [
        try rule("10.0.0.1", ports: [22...22], limit: RateLimit(perSecond: 1, burst: 1)),
        try rule("example.com", limit: RateLimit(perSecond: 1, burst: 1)),
      ], enforcementMode: .enforce)
    for _ in 0..<3 {
      #expect(try passes(limited, at: nil))
      let name = try HostName("example.com")
      #expect(
        limited.decideBeforeResolving(name, port: 80, content: .tunnel, from: nil)
          == .mayPass(rule: 1, wouldDeny: nil))
      #expect(
        limited.decideWithoutPeeking(try destination("10.0.0.1", 23), from: nil, at: 1) == nil)
    }
    #expect(try passes(limited, at: 1))
    #expect(try !passes(limited, at: 1))
    func unseen() throws -> DenyReason? {
      let target = try destination("10.0.0.1", 22)
      guard let verdict = limited.decideWithoutPeeking(target, from: nil, at: 1) else {
        return .internalError
      }
      return Outcome(verdict).reason
    }
    #expect(try unseen() == nil)
    #expect(try unseen() == .rateLimited)
  }

  @Test("in monitor mode what is too much passes, by its rule")
  func monitored() throws {
    let ruleset = try ruleset(RateLimit(perSecond: 1, burst: 1), mode: .monitor)
    let flow = try http("GET", "example.com")
    #expect(Outcome(ruleset.decide(flow, from: nil, at: 1)) == .allowed(by: 1))
    #expect(
      Outcome(ruleset.decide(flow, from: nil, at: 1))
        == .allow(
          1,
          wouldDeny: Denial(
            .rateLimited, nearestMiss: NearestMiss(ruleIndex: 1, missed: .rate),
            retryAfterSeconds: 1)))
  }

  @Test("a new policy refills nothing of a rule that stays as it was")
  func carriedOver() throws {
    let limit = RateLimit(perSecond: 1, burst: 1)
    let old = try ruleset(limit)
    #expect(try passes(old, at: 1))
    let same = Ruleset(
      rules: [try rule("*.example.org"), try rule("example.com", limit: limit)],
      enforcementMode: .monitor, carryingOver: old)
    #expect(try !passes(same, at: 1))
    #expect(try !passes(try ruleset(limit, after: same), at: 1))
    #expect(try passes(try ruleset(RateLimit(perSecond: 1, burst: 2), after: same), at: 1))
    #expect(try passes(try ruleset(limit), at: 1))
    // What one of them uses is gone for the other, too: workers change over one by one.
    let later = 2 * Self.second
    #expect(try passes(same, at: later))
    #expect(try !passes(old, at: later))
  }

  @Test("rules that are alike, and policies, have each their own")
  func apart() throws {
    let limit = RateLimit(perSecond: 1, burst: 1)
    let limited = try rule("example.com", limit: limit)
    func make(after old: Ruleset?) throws -> Ruleset {
      Ruleset(
        rules: [limited],
        policies: [
          SourcePolicy(
            name: "a", sources: [try #require(CIDR("10.0.0.0/8"))], rules: RuleList([limited]))
        ], enforcementMode: .enforce, carryingOver: old)
    }
    let old = try make(after: nil)
    let flow = try http("GET", "example.com")
    let source = IPAddress("10.1.1.1")
    #expect(Outcome(old.decide(flow, from: source, at: 1)) == .allowed(by: 1))
    let new = try make(after: old)
    #expect(Outcome(new.decide(flow, from: source, at: 1)).reason == .rateLimited)
    #expect(Outcome(new.decide(flow, from: nil, at: 1)) == .allowed(by: 0))
  }
}
