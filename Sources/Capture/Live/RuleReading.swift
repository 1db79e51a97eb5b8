internal import Addressing
internal import CNetfilter

/// A step of a rule, as far as it is understood.
enum RulePart: Hashable {
  case match(Match)
  case statement(Statement)
  /// Expressions that no rule of ours is made of in this way.
  case unknown(String)
}

/// Reads a rule's expressions from the first to the last: the reverse of how rules of ours are
/// turned into expressions.
///
/// It may be lenient: what it finds counts only if it becomes the same expressions again.
struct RuleReading {
  let rule: KernelRule
  private(set) var position = 0
  private var parts: [RulePart] = []
  /// What a selector before this place has made sure of.
  private(set) var known: Set<Dependency> = []
  /// Conditions that may be there for the next selector's sake or for their own.
  private(set) var pending: [Dependency] = []

  static func parts(of rule: KernelRule) -> [RulePart] {
    var reading = RuleReading(rule: rule)
    while reading.position < rule.expressions.count { reading.step() }
    reading.settle()
    return reading.parts
  }

  private init(rule: KernelRule) { self.rule = rule }

  private mutating func step() {
    if let (dependency, expressions) = Self.conditions.first(where: { startsWith($0.1) }) {
      position += expressions.count
      pending.append(dependency)
    } else if let (statement, count) = statement() {
      settle()
      position += count
      parts.append(.statement(statement))
    } else if let found = field() {
      settle(but: found.needed)
      known.formUnion(found.needed)
      position += found.count
      parts.append(found.part)
    } else {
      settle()
      parts.append(.unknown(rule.expressions[position].name))
      position += 1
    }
  }

  /// Conditions that no selector needed stand for themselves.
  private mutating func settle(but needed: [Dependency] = []) {
    for dependency in pending.dropLast(needed.count) {
      switch dependency {
      case .transport(let number):
        parts.append(.match(Match(.layer4Protocol, .is(.layer4Protocol(number)))))
      case .family(UInt8(NFPROTO_IPV4)): parts.append(.unknown("meta nfproto ipv4"))
      case .family: parts.append(.unknown("meta nfproto ipv6"))
      case .ethernet: parts.append(.unknown("meta iiftype ether"))
      }
    }
    pending = []
  }

  // MARK: Looking ahead

  /// The expression at a distance, if it has this name.
  func expression(_ name: String, at distance: Int = 0) -> KernelExpression? {
    guard position + distance < rule.expressions.count else { return nil }
    let expression = rule.expressions[position + distance]
    return expression.name == name ? expression : nil
  }

  func startsWith(_ expressions: [KernelExpression]) -> Bool {
    rule.expressions[position...].starts(with: expressions)
  }
}
