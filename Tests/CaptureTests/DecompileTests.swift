import Addressing
import Configuration
import Foundation
import SeededRandom
import Testing

@testable import Capture

@Suite("The kernel's expressions are rules again")
struct DecompileTests {
  private func meanings(
    _ rules: [Rule], _ family: TableFamily = .inet
  ) -> [(rule: Rule?, text: String)] {
    let table = TableIdentity(family, "x")
    let compiled = Ruleset(table: table, sets: [], chains: [Chain("c", rules)]).change.operations
    return KernelRule.meanings(of: KernelRule.all(in: compiled), in: table)
  }

  @Test("Every rule of every golden document comes back as itself", arguments: GoldenTests.names)
  func golden(name: String) throws {
    let url = GoldenTests.directory.appendingPathComponent("\(name).yaml")
    let document = try Document.parse(Array(try Data(contentsOf: url)), file: name).document
    let ruleset = Ruleset(CapturePlan(document))
    for chain in ruleset.chains {
      for (rule, meaning) in zip(chain.rules, meanings(chain.rules, ruleset.table.family)) {
        #expect(meaning.rule == rule, "\(chain.name): \(rule.nftText)")
        #expect(meaning.text == rule.nftText)
      }
    }
  }

  @Test("Every selector with every test that it has, and every statement")
  func each() {
    var random = SeededGenerator(seed: 1)
    for selector in RandomRule.selectors {
      for test in RandomRule.tests(of: selector, &random) {
        let rule = Rule([Match(selector, test)], [.counter])
        #expect(meanings([rule])[0].rule == rule, "\(rule.nftText)")
      }
    }
    for _ in 0..<50 {
      for statement in RandomRule.statements(&random) {
        let rule = Rule([], [statement])
        #expect(meanings([rule])[0].rule == rule, "\(rule.nftText)")
      }
    }
  }

  @Test("Random rules become the same expressions again, and read the same")
  func random() {
    var random = SeededGenerator(seed: 2)
    let rules = (0..<4000).map { _ in RandomRule.make(&random) }
    for (rule, meaning) in zip(rules, meanings(rules)) {
      guard let found = meaning.rule else {
        Issue.record("not understood: \(rule.nftText): \(meaning.text)")
        continue
      }
      // "TCP, and port 53 of whatever it is" and "TCP's port 53" are the same to the kernel.
      #expect(
        found == rule
          || RandomRule.withoutProtocols(found) == RandomRule.withoutProtocols(rule),
        "\(rule.nftText)")
    }
  }

  @Test("Of any expressions in any order none is taken for what it isn't, and nothing crashes")
  func shuffled() {
    var random = SeededGenerator(seed: 3)
    let table = TableIdentity(.inet, "x")
    for _ in 0..<1000 {
      let rule = RandomRule.make(&random)
      let ruleset = Ruleset(table: table, sets: [], chains: [Chain("c", [rule])])
      var kernel = KernelRule.all(in: ruleset.change.operations)[0]
      switch Int.random(in: 0..<5, using: &random) {
      case 0: kernel.expressions.shuffle(using: &random)
      case 1 where !kernel.expressions.isEmpty:
        kernel.expressions.remove(
          at: kernel.expressions.indices.randomElement(using: &random) ?? 0)
      case 2: kernel.expressions.append(KernelExpression("quota"))
      case 3: kernel.sets = kernel.sets.map { _ in [] }
      default:
        for index in kernel.expressions.indices {
          for attribute in kernel.expressions[index].attributes.indices {
            guard Int.random(in: 0..<8, using: &random) == 0 else { continue }
            switch kernel.expressions[index].attributes[attribute].value {
            case .word(let word):
              kernel.expressions[index].attributes[attribute].value = .word(word ^ 1)
            case .bytes(let bytes):
              kernel.expressions[index].attributes[attribute].value = .bytes(bytes.dropLast())
            default: kernel.expressions[index].attributes.removeLast()
            }
            break
          }
        }
      }
      let meaning = KernelRule.meanings(of: [kernel], in: table)[0]
      if let found = meaning.rule {
        let again = Ruleset(table: table, sets: [], chains: [Chain("c", [found])])
        #expect(KernelRule.all(in: again.change.operations) == [kernel])
      } else {
        #expect(meaning.text != rule.nftText)
      }
    }
  }
}
