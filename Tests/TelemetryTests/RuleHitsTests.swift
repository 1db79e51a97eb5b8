import Addressing
import Policy
import Telemetry
import Testing

@Suite("Hits by rule")
struct RuleHitsTests {
  private func rule(_ name: String) -> Rule {
    Rule(name: name, pattern: "*", matcher: .anyName)
  }

  private func ruleset(_ names: [String], policies: [(String, [String])] = []) -> Ruleset {
    Ruleset(
      rules: names.map(rule),
      policies: policies.enumerated().map { index, policy in
        SourcePolicy(
          name: policy.0, sources: [CIDR(.v4(IPv4Address(rawValue: UInt32(index + 1))))],
          rules: RuleList(policy.1.map(rule)))
      }, enforcementMode: .enforce)
  }

  /// `policy/rule=count` of all that were hit; the rest has no name.
  private func sums(_ hits: RuleHits...) -> [String] {
    RuleHits.sum(of: hits).filter { $0.count > 0 }.map {
      "\($0.label.policy)/\($0.label.rule)=\($0.count)"
    }
  }

  @Test("Are told by policy and name, and rules that share both share a count")
  func labels() {
    let hits = RuleHits(
      of: ruleset(["a", "b", "a"], policies: [("p", ["a"]), ("q", ["a", "c"])]))
    for rule in [0, 1, 1, 2, 3, 5] { hits.count(rule) }
    #expect(sums(hits) == ["/a=2", "/b=2", "p/a=1", "q/c=1"])
  }

  @Test("Are summed over workers, also while these go by different policies")
  func workers() {
    let old = RuleHits(of: ruleset(["a", "b"]))
    let new = RuleHits(of: ruleset(["b", "c"]))
    for hits in [old, new] {
      hits.count(0)
      hits.count(1)
    }
    #expect(sums(new, old) == ["/b=2", "/c=1", "/a=1"])
    #expect(sums() == [])
  }

  @Test("Go on over a reload where the rule has the same name, wherever it stands")
  func reload() {
    let old = RuleHits(of: ruleset(["a", "b", "gone"], policies: [("p", ["a"])]))
    for rule in 0..<4 { for _ in 0...rule { old.count(rule) } }
    let new = RuleHits(
      of: ruleset(["b", "new", "a"], policies: [("p", ["a"])]), carryingOver: old)
    new.count(0)
    #expect(sums(new) == ["/b=3", "/a=1", "p/a=4"])
  }

  @Test("Have at most a thousand names, and a count for all others")
  func bound() {
    let names = (0..<2500).map { "r\($0)" }
    let old = RuleHits(of: ruleset(names))
    for rule in [0, 999, 1000, 2499] { old.count(rule) }
    #expect(RuleHits.sum(of: [old, old]).count == 1001)
    #expect(sums(old) == ["/r0=1", "/r999=1", "/=2"])
    let new = RuleHits(of: ruleset(names), carryingOver: old)
    new.count(1234)
    #expect(sums(new) == ["/r0=1", "/r999=1", "/=3"])
  }

  @Test("Escape what a label's value may not hold")
  func escapes() {
    var text = TextBuffer()
    text.appendSample("m", 1, ["a": "x\\y\"z", "b": "1\n2"])
    #expect(text.description == #"m{a="x\\y\"z",b="1\n2"} 1"# + "\n")
  }
}
