import Capture
import Foundation
import TestNetwork
import Testing

/// Rulesets that nft made, read back by us.
@Suite("The kernel's ruleset is read back", .enabled(if: Requirement.privileged))
struct DumpTests {
  private func place(_ role: String, _ ruleset: String) throws -> NetworkNamespace {
    let place = try NetworkNamespace(role)
    try place.run(["nft", "-f", Scratch.file("ruleset.nft", ruleset)]).checked()
    return place
  }

  private func table(
    _ name: String, _ family: KernelFamily = .inet, in place: NetworkNamespace
  ) throws -> TableDump? {
    try place.inside { try Dump.table(family, name) }
  }

  @Test("There is no table of that name: nothing, whatever other families have")
  func absent() throws {
    let place = try place("absent", "table ip portarium { chain c { accept; }; }")
    #expect(try table("portarium", in: place) == nil)
    #expect(try table("portarium", .ip, in: place) != nil)
  }

  @Test("Chains with their hooks, devices and policies, rules in their order with their handles")
  func chainsAndRules() throws {
    let place = try place(
      "chains",
      """
      table inet x {
        chain plain { accept; }
        chain hooked {
          type filter hook output priority -7; policy drop;
          tcp dport 1 counter accept
          tcp dport 3 counter packets 7 bytes 700 accept comment "three"
        }
      }
      table netdev x {
        chain one { type filter hook egress device "lo" priority 5; policy accept; }
      }
      """)
    try place.run([
      "nft", "insert", "rule", "inet", "x", "hooked", "index", "1", "tcp", "dport", "2", "drop",
    ]).checked()
    let dump = try #require(try table("x", in: place))
    #expect(dump.chains.map(\.name) == ["plain", "hooked"])
    #expect(dump.chains[0].hook == nil)
    let hook = try #require(dump.chains[1].hook)
    #expect(hook.kind == "filter" && hook.number == 3 && hook.priority == -7 && hook.policy == 0)
    let rules = dump.rules.filter { $0.chain == "hooked" }
    #expect(
      rules.map { $0.expressions.map(\.name).last } == Array(repeating: "immediate", count: 3))
    let text = try place.run(["nft", "-a", "list", "chain", "inet", "x", "hooked"]).checked()
    let handles = text.lines.filter { $0.contains("dport") }.compactMap {
      $0.split(separator: " ").last.flatMap { UInt64($0) }
    }
    #expect(rules.map(\.handle) == handles)
    #expect(rules.map(\.position) == [0, handles[0], handles[1]])
    #expect(
      rules.map(\.counter) == [
        RuleCounter(packets: 0, bytes: 0), nil, RuleCounter(packets: 7, bytes: 700),
      ])
    #expect(String(decoding: rules[2].userData, as: UTF8.self).contains("three"))
    let netdev = try #require(try table("x", .netdev, in: place))
    #expect(netdev.chains[0].hook?.devices == ["lo"])
    #expect(netdev.chains[0].hook?.priority == 5)
  }

  @Test("Elements: single ones, both ends of intervals, ranges over several fields, dispatches")
  func elements() throws {
    let place = try place(
      "elements",
      """
      table inet x {
        set ports { type inet_service; elements = { 443, 80 }; }
        set blocks { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 255.0.0.0/8 }; }
        set pairs {
          type ipv4_addr . inet_service; flags interval;
          elements = { 10.0.0.1-10.0.0.9 . 80-90 };
        }
        chain far { accept; }
        chain c { meta mark vmap { 1 : goto far, 2 : drop }; }
      }
      """)
    let sets = try #require(try table("x", in: place)).sets
    let ports = try #require(sets.first { $0.name == "ports" })
    #expect(ports.elements.map(\.key) == [[0, 80], [1, 187]])
    let blocks = try #require(sets.first { $0.name == "blocks" })
    let starts = blocks.elements.filter { !$0.isIntervalEnd }.map(\.key)
    #expect(starts == [[10, 0, 0, 0], [255, 0, 0, 0]])
    let ends = blocks.elements.filter(\.isIntervalEnd).map(\.key)
    #expect(ends.contains([11, 0, 0, 0]))
    let pair = try #require(sets.first { $0.name == "pairs" }?.elements.first)
    #expect(pair.key == [10, 0, 0, 1, 0, 80, 0, 0])
    #expect(pair.keyEnd == [10, 0, 0, 9, 0, 90, 0, 0])
    let map = try #require(sets.first { $0.name.hasPrefix("__map") })
    #expect(map.elements.map(\.chain) == ["far", nil])
    #expect(map.elements.map(\.verdict) == [-4, 0])
  }

  @Test("All tables of all families are named with their chains")
  func summaries() throws {
    let place = try place(
      "tables",
      """
      table ip nat { chain ISTIO_OUTPUT { accept; }; }
      table inet nat { chain output { type filter hook output priority 0; policy accept; }; }
      """)
    let tables = try place.inside { try Dump.tables() }
    #expect(tables.map { "\($0.family) \($0.name)" }.sorted() == ["inet nat", "ip nat"])
    let names = Dictionary(
      uniqueKeysWithValues: tables.map { ($0.family, $0.chains.map(\.name)) })
    #expect(names == [.ip: ["ISTIO_OUTPUT"], .inet: ["output"]])
  }

  @Test("A table of 20,000 blocks and 1,000 rules is read whole")
  func large() throws {
    let blocks = (0..<20_000).map { "10.\($0 / 128 / 128).\($0 / 128 % 128 * 2).\($0 % 128 * 2)" }
    let place = try place(
      "large",
      """
      table inet x {
        set blocks {
          type ipv4_addr; flags interval; elements = { \(blocks.joined(separator: ", ")) };
        }
        chain c {
          \((1...1000).map { "tcp dport \($0) counter accept" }.joined(separator: "\n"))
        }
      }
      """)
    let dump = try #require(try table("x", in: place))
    #expect(dump.sets[0].elements.count { !$0.isIntervalEnd } == 20_000)
    #expect(dump.rules.count == 1000)
    #expect(dump.rules.dropFirst().map(\.position) == dump.rules.dropLast().map(\.handle))
  }

  @Test("While others change the table, what is read is one of its states and never part of two")
  func neverTorn() throws {
    // Two states that differ in every rule, set and chain; large enough for several reads.
    func state(_ mark: Int) -> String {
      """
      table inet x
      delete table inet x
      table inet x {
        set s\(mark) { type mark; elements = { \((0..<600).map { "\($0 * 2 + mark)" }
        .joined(separator: ", ")) }; }
        chain c\(mark) {
          \(Array(repeating: "meta mark \(mark) counter accept", count: 150)
        .joined(separator: "\n"))
        }
      }
      """
    }
    let place = try place("torn", state(1))
    let files = [Scratch.file("one.nft", state(1)), Scratch.file("two.nft", state(2))]
    let changing = try place.start([
      "sh", "-c",
      "for round in $(seq 150); do nft -f \(files[0]) && nft -f \(files[1]) || exit 1; done",
    ])
    var seen: Set<String> = []
    var reads = 0
    while changing.isRunning {
      let answer: TableDump?
      // Where the changes leave no time to read in between, that is said.
      do { answer = try table("x", in: place) } catch DumpError.unsteady { continue }
      let dump = try #require(answer)
      reads += 1
      let mark = try #require(dump.chains.first?.name.dropFirst())
      seen.insert(String(mark))
      #expect(dump.chains.map(\.name) == ["c\(mark)"])
      #expect(dump.sets.map(\.name) == ["s\(mark)"])
      #expect(dump.sets.first?.elements.count == 600)
      #expect(dump.rules.count == 150)
      #expect(Set(dump.rules.map(\.expressions)).count == 1)
      #expect(Set(dump.rules.map(\.chain)) == ["c\(mark)"])
    }
    try changing.wait().checked()
    // A reader under a sanitizer seldom gets through between two changes.
    guard Sanitizer.current == nil else { return }
    #expect(reads > 20)
    #expect(seen == ["1", "2"])
  }
}
