import Addressing
import Testing

@testable import Capture

@Suite("What is in force is held against what should be")
struct DifferenceTests {
  private let table = TableIdentity(.inet, "x")

  private func ruleset(
    _ rules: [Rule], policy: Hook.Policy = .accept, uids: [UInt32] = [1337]
  ) -> LiveRuleset {
    LiveRuleset(
      desired: Ruleset(
        table: table, sets: [NamedSet(name: "uids", uids: uids)],
        chains: [
          Chain("output", hook: Hook(.filter, .output, priority: 0, policy: policy), rules)
        ]))
  }

  private func difference(_ desired: LiveRuleset?, _ live: LiveRuleset?) -> RulesetDifference {
    RulesetDifference([TableDifference(table, desired: desired, live: live)])
  }

  private func port(_ port: UInt16) -> Rule {
    Rule([.port(.tcpDestinationPort, [port])], [.accept])
  }

  @Test("The same is no difference, and so is nothing where nothing should be")
  func equal() {
    #expect(difference(ruleset([port(1)]), ruleset([port(1)])).isEmpty)
    #expect(difference(nil, nil).isEmpty)
    #expect(difference(nil, nil).text == "no difference\n")
  }

  @Test("One rule more is one line, wherever it stands", arguments: [0, 1, 2, 3])
  func inserted(place: Int) {
    let desired = [port(1), port(2), port(3)]
    var live = desired
    live.insert(port(9), at: place)
    let lines = difference(ruleset(desired), ruleset(live)).tables[0].chains[0].lines
    #expect(lines.map(\.text) == live.map(\.nftText))
    #expect(lines.indices.filter { lines[$0].presence != .both } == [place])
    #expect(lines[place].presence == .unexpected)
  }

  @Test("One rule less is one line, wherever it stood", arguments: [0, 1, 2])
  func removed(place: Int) {
    let desired = [port(1), port(2), port(3)]
    var live = desired
    live.remove(at: place)
    let lines = difference(ruleset(desired), ruleset(live)).tables[0].chains[0].lines
    #expect(lines.map(\.text) == desired.map(\.nftText))
    #expect(lines.indices.filter { lines[$0].presence != .both } == [place])
    #expect(lines[place].presence == .missing)
  }

  @Test("Two rules that changed places differ, since the first that fits decides")
  func order() {
    let lines = difference(ruleset([port(1), port(2)]), ruleset([port(2), port(1)]))
      .tables[0].chains[0].lines
    #expect(lines.count == 3)
    #expect(Set(lines.map(\.presence)) == [.both, .missing, .unexpected])
  }

  @Test(
    "Read as a unified diff: headings, the rules around, minus for missing, plus for unexpected")
  func text() {
    let desired = ruleset((1...7).map { port($0) }, policy: .drop, uids: [1337, 2000])
    var live = ruleset((1...7).map { port($0 == 4 ? 44 : $0) }, uids: [1337, 3000])
    live.chains[0].rules[3].handle = 12
    #expect(
      difference(desired, live).text == """
        --- what apply would put in force
        +++ what is in the kernel
         table inet x
           set uids
        -    2000
        +    3000
           chain output
        -    type filter hook output priority filter; policy drop;
        +    type filter hook output priority filter; policy accept;
             ...
             tcp dport 2 accept
             tcp dport 3 accept
        -    tcp dport 4 accept
        +    tcp dport 44 accept # handle 12
             tcp dport 5 accept
             tcp dport 6 accept
             ...

        """)
  }

  @Test("A table that is absent, or shouldn't be there, is said in a line")
  func tables() {
    #expect(
      difference(ruleset([]), nil).text.hasSuffix("-table inet x: not in force, there is none\n"))
    #expect(difference(nil, ruleset([])).text.hasSuffix("+table inet x: there should be none\n"))
    #expect(!difference(ruleset([]), nil).isEmpty)
    #expect(!difference(nil, ruleset([])).isEmpty)
  }

  @Test("For programs: every change with its place, nothing that is the same")
  func json() {
    var live = ruleset([port(1), port(5)], uids: [1337, 3000])
    live.chains[0].rules[1].handle = 7
    #expect(
      difference(ruleset([port(1), port(2)]), live).json == """
        {"equal":false,"tables":[{"family":"inet","name":"x","state":"different",\
        "sets":[{"name":"uids","presence":"both","missing":[],"unexpected":["3000"]}],\
        "chains":[{"name":"output","presence":"both","rules":[\
        {"presence":"missing","rule":"tcp dport 2 accept"},\
        {"presence":"unexpected","rule":"tcp dport 5 accept","handle":7}]}]}],\
        "routing":[]}

        """)
    #expect(JSON.string("a\"b\\c\u{1}\n").text == "\"a\\\"b\\\\c\\u0001\\n\"")
  }

  @Test("Names that would command a terminal are written out")
  func hostileNames() {
    let hostile = Rule([Match(.inputInterface, .is(.interface("\u{1b}[31m")))], [.drop])
    let text = difference(ruleset([port(1)]), ruleset([port(1), hostile])).text
    #expect(text.contains(#"iifname "\u{1b}[31m" drop"#))
    #expect(!text.contains("\u{1b}"))
  }

  @Test("Ranges in sets differ as ranges")
  func ranges() {
    func set(_ ports: [ClosedRange<UInt16>]) -> LiveRuleset {
      LiveRuleset(
        desired: Ruleset(table: table, sets: [NamedSet(name: "p", ports: ports)], chains: []))
    }
    let sets = difference(
      set([80...80, 8000...8099, 60000...65535]), set([80...90, 8000...8099, 60000...65535])
    ).tables[0].sets
    #expect(sets.map(\.missing) == [["80"]])
    #expect(sets.map(\.unexpected) == [["80-90"]])
  }
}
