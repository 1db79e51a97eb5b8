/// Somebody else's table whose chains see the same packets as ours.
package struct ForeignTable: Hashable, Sendable {
  package struct Hook: Hashable, Sendable {
    package var chain: String
    /// `nat output -100`: what hangs where, at which priority.
    package var place: String
    package var concern: String
  }

  package var family: String
  package var name: String
  /// Who makes such tables or chains; nil where nobody is known for it.
  package var owner: String?
  package var hooks: [Hook]

  /// Nil for ours, and for one that nothing of ours meets in.
  init?(_ table: TableSummary) {
    guard
      ![Ruleset.table, FrameGuard.markTable, FrameGuard.doorTable].contains(where: {
        "\($0.family)" == table.family.description && $0.name == table.name
      })
    else { return nil }
    family = table.family.description
    name = table.name
    owner = Self.owner(of: table)
    let isKnown = owner != nil
    hooks = table.chains.compactMap { chain in
      guard let hook = chain.hook, let point = hook.point(in: table.family),
        let concern = hook.concern(at: point, ofKnownOwner: isKnown)
      else { return nil }
      return Hook(
        chain: chain.name, place: "\(hook.kind) \(point) \(hook.priority)", concern: concern)
    }
    if hooks.isEmpty { return nil }
  }

  private static func owner(of table: TableSummary) -> String? {
    for (name, prefix) in tableNames where table.name.hasPrefix(prefix) { return name }
    for (name, prefix) in chainNames
    where table.chains.contains(where: { $0.name.hasPrefix(prefix) }) {
      return name
    }
    return nil
  }

  private static let tableNames = [
    ("Istio", "istio-"), ("kube-proxy", "kube-proxy"), ("Docker", "docker-"),
    ("Calico", "calico"), ("Consul", "consul_tproxy"), ("firewalld", "firewalld"),
  ]

  /// Of iptables, in its nft form: the tables are `nat`, `filter`, … for everybody.
  private static let chainNames = [
    ("Istio", "ISTIO_"), ("Linkerd", "PROXY_INIT_"), ("Kuma", "KUMA_MESH_"),
    ("Consul", "CONSUL_"), ("Docker's DNS", "DOCKER_OUTPUT"), ("Docker", "DOCKER"),
    ("Cilium", "CILIUM_"), ("Cilium", "OLD_CILIUM_"), ("Calico", "cali-"),
    ("kube-proxy", "KUBE-"), ("ufw", "ufw-"),
  ]
}

extension DumpedChain.Hook {
  fileprivate enum Point: String { case prerouting, input, forward, output, postrouting, device }

  /// Nil in families whose packets don't come by our chains.
  fileprivate func point(in family: KernelFamily) -> Point? {
    switch family {
    case .netdev: .device
    case .inet, .ip, .ip6:
      switch number {
      case 0: .prerouting
      case 1: .input
      case 2: .forward
      case 3: .output
      case 4: .postrouting
      default: .device
      }
    default: nil
    }
  }

  /// Nil where nothing can come of it: an accept is no more than one chain's opinion.
  fileprivate func concern(at point: Point, ofKnownOwner isKnown: Bool) -> String? {
    let isEarly = point == .output || point == .prerouting
    if point == .device { return "sees frames apart from our rules, and may send them elsewhere" }
    if kind == "nat" {
      return isEarly && priority <= -100
        ? "translates as early as ours: what it takes is refused, not captured" : nil
    }
    if kind == "route" { return "may send packets another way by their mark" }
    if isEarly, priority <= -200 { return "may end connection tracking: such packets are refused" }
    if isEarly, priority < 0 { return "comes before ours, and may change marks" }
    // NF_DROP
    if policy == 0 { return "drops what its own rules don't accept, also what ours let pass" }
    return isKnown && point != .postrouting ? "may drop what ours let pass" : nil
  }
}
