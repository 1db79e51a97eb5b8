internal import Addressing
internal import Policy

/// `egress.policies[]:`
enum EgressPolicySection {
  static let name = Key(
    required: "name",
    .text(
      "a name of 1 to 128 printable characters", complaint: AllowlistRuleSection.complaint(ofName:)),
    "What audit records call the policy.")
  static let sources = Key(
    required: "sources", .placedBlocks,
    "The clients it is for. Of all policies' blocks the longest that holds a client's address "
      + "selects; where none does, `egress.allowlist` holds.")
  static let allowlist = Key(
    "allowlist",
    ValueType(
      shape: .like(path: "egress.allowlist", ValueType.allowlist.shape),
      read: ValueType.allowlist.read),
    default: RuleList(), shown: "empty",
    "The rules, as those of `egress.allowlist`. None of that list's are added.")

  static let keys = [name.declaration, sources.declaration, allowlist.declaration]

  static let type: ValueType<PlacedPolicy> = .section(keys) { section in
    let sources = section.read(sources)
    let rules = section.read(allowlist)
    let name = section.read(name)
    if rules.isEmpty {
      section.warning(
        "no rule admits anything: every connection from these sources will be denied",
        at: allowlist)
    }
    return PlacedPolicy(
      name: name, position: section.position(of: Self.name) ?? section.position,
      sources: sources ?? [], rules: rules)
  }
}

/// A policy as it was read, before it is compared with the others.
struct PlacedPolicy: Sendable {
  /// Nil where it is missing or wrong, which is reported already.
  var name: String?
  var position: Position
  var sources: [PlacedBlock]
  var rules: RuleList
}

struct PlacedBlock: Sendable {
  var block: CIDR
  var position: Position
}

extension ValueType where Value == [PlacedBlock] {
  /// Blocks and where they stand, at least one.
  static var placedBlocks: ValueType {
    let list = ValueType<[PlacedBlock]>.list(of: .placedBlock)
    return ValueType(shape: list.shape) { node, findings in
      guard let blocks = list.read(node, findings) else { return nil }
      if case .sequence(let nodes) = node.content, !nodes.isEmpty { return blocks }
      findings.error("names no source", at: node.position)
      return nil
    }
  }
}

extension ValueType where Value == PlacedBlock {
  fileprivate static var placedBlock: ValueType {
    let block = ValueType<CIDR>.block
    return ValueType(shape: block.shape) { node, findings in
      block.read(node, findings).map { PlacedBlock(block: $0, position: node.position) }
    }
  }
}

extension ValueType where Value == [SourcePolicy] {
  /// The policies, no two of which have a name or a block in common: which of them would hold is
  /// anyone's guess.
  static var policies: ValueType {
    let list = ValueType<[PlacedPolicy]>.list(of: EgressPolicySection.type)
    return ValueType(shape: list.shape) { node, findings in
      guard let policies = list.read(node, findings) else { return nil }
      var names: [String: Position] = [:]
      var blocks: [CIDR: (position: Position, policy: Int)] = [:]
      for (index, policy) in policies.enumerated() {
        if let name = policy.name, let earlier = names.updateValue(policy.position, forKey: name) {
          findings.error(
            "the name is another policy's already (\(findings.mention(of: earlier)))",
            at: policy.position)
        }
        for source in policy.sources {
          guard let earlier = blocks[source.block] else {
            blocks[source.block] = (source.position, index)
            continue
          }
          let place = findings.mention(of: earlier.position)
          if earlier.policy == index {
            findings.warning("\(source.block) stands here twice (\(place))", at: source.position)
          } else {
            findings.error(
              "\(source.block) is a source of another policy already (\(place))",
              at: source.position)
          }
        }
      }
      return policies.map {
        SourcePolicy(name: $0.name ?? "", sources: $0.sources.map(\.block), rules: $0.rules)
      }
    }
  }
}
