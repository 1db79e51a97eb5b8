/// One allowlist of a `Ruleset`.
final class Allowlist: Sendable {
  let rules: RuleIndex
  /// The rules' names, made here so that no request has to.
  let names: [String]
  /// The policy's name; nil for the allowlist of clients that no policy is for.
  let policy: String?
  /// Place of the first rule among those of all allowlists.
  let base: Int
  /// One for each of the rules' limits.
  let buckets: [TokenBucket]

  var end: Int { base + rules.list.count }

  init(_ list: RuleList, policy: String?, base: Int, _ known: inout KnownBuckets) {
    rules = RuleIndex(list)
    names = list.indices.map { list.name(of: $0) }
    self.policy = policy
    self.base = base
    buckets = list.limitedRules.map { known.take(policy, list, rule: $0) }
  }
}

/// The buckets of the policy before, to be found by what makes a rule the same.
struct KnownBuckets {
  private struct Key: Hashable {
    var policy: String?
    var name: String
    var pattern: String
    var limit: RateLimit
  }

  /// Several where several rules are alike: they are told apart by their order.
  private var buckets: [Key: [TokenBucket]] = [:]

  init() {}

  init(in allowlists: [Allowlist]) {
    for allowlist in allowlists {
      let list = allowlist.rules.list
      // From the end, so that the first is taken first.
      for (rule, bucket) in zip(list.limitedRules, allowlist.buckets).reversed() {
        if let key = Self.key(allowlist.policy, list, rule) {
          buckets[key, default: []].append(bucket)
        }
      }
    }
  }

  /// The bucket that the rule had, or a full one.
  fileprivate mutating func take(_ policy: String?, _ list: RuleList, rule: Int) -> TokenBucket {
    guard let key = Self.key(policy, list, rule) else {
      preconditionFailure("a rule without a limit has no bucket")
    }
    return buckets[key]?.popLast() ?? TokenBucket(key.limit)
  }

  private static func key(_ policy: String?, _ list: RuleList, _ rule: Int) -> Key? {
    let rule = list[rule]
    return rule.rateLimit.map {
      Key(policy: policy, name: rule.name, pattern: rule.pattern, limit: $0)
    }
  }
}

extension RuleList {
  /// The places of the rules with a limit, in the order of the limits.
  fileprivate var limitedRules: [Int] { entries.indices.filter { entries[$0].limit != Entry.none } }
}
