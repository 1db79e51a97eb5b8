internal import Addressing
internal import Policy

/// What a policy says to a recorded flow, or a record says that one has said.
struct Judgement: Hashable {
  /// What the policy says and what becomes of it.
  enum Effect: String, Comparable {
    case allow
    /// Refused by the allowlist and let pass.
    case monitor
    case deny

    static func < (a: Effect, b: Effect) -> Bool { a.rawValue < b.rawValue }
  }

  var effect: Effect
  /// Nil where it is allowed.
  var reason: DenyReason?
  /// The rule that allows it, by its place in the policy.
  var rule: Int?
}

extension Ruleset {
  /// Judges a flow as the data plane would, rate limits apart.
  func judge(_ flow: RecordedFlow) -> Judgement {
    guard case .destination(let destination) = flow.target else {
      return judge(
        flow.name, port: flow.port, flow.content, from: flow.source)
    }
    if let tunnel = flow.tunnel {
      // The CONNECT is judged first: its name, then the address that it led to.
      if let refusal = refusal(ofTunnelTo: destination, tunnel, from: flow.source) {
        return refusal
      }
    }
    // A tunnel to a name is never decided before its bytes.
    let opensToName = flow.tunnel.map { $0 != nil } ?? false
    if case .tunnel = flow.content {
      if let name = flow.name {
        let first = judge(name, port: flow.port, .tunnel, from: flow.source)
        if first.effect == .deny { return first }
      }
    } else if !opensToName,
      let early = decideWithoutPeeking(destination, from: flow.source, at: nil)
    {
      return Judgement(early)
    }
    return Judgement(
      decide(
        Flow(destination: destination, name: flow.name, content: flow.content),
        from: flow.source, at: nil))
  }

  private func refusal(
    ofTunnelTo destination: OriginalDestination, _ name: HostName?, from source: IPAddress?
  ) -> Judgement? {
    if let name {
      let first = judge(name, port: destination.endpoint.port, .tunnel, from: source)
      if first.effect == .deny { return first }
    }
    let second = Judgement(
      decide(
        Flow(destination: destination, name: name, content: .tunnel), from: source, at: nil))
    return second.effect == .deny ? second : nil
  }

  private func judge(
    _ name: HostName?, port: UInt16, _ content: Flow.Content, from source: IPAddress?
  ) -> Judgement {
    guard let name else { return Judgement(effect: .deny, reason: .hostNotAllowed) }
    return
      switch decideBeforeResolving(name, port: port, content: content, from: source)
    {
    case .mayPass(let rule, wouldDeny: nil): Judgement(effect: .allow, rule: rule)
    case .mayPass(_, let denial?): Judgement(effect: .monitor, reason: denial.reason)
    case .deny(let denial): Judgement(effect: .deny, reason: denial.reason)
    }
  }
}

extension Judgement {
  init(_ verdict: consuming Verdict) {
    switch consume verdict {
    case .allow(let permit, wouldDeny: nil): self.init(effect: .allow, rule: permit.ruleIndex)
    case .allow(_, let denial?): self.init(effect: .monitor, reason: denial.reason)
    case .deny(let denial): self.init(effect: .deny, reason: denial.reason)
    }
  }
}
