import Addressing
import Policy
import SeededRandom
import Testing

/// The semantics of docs/policy.md in the fewest words, slow and plain.
private struct Reference {
  let rules: [Rule]
  /// The place of the first of them.
  var base = 0
  let mode: EnforcementMode

  func hostMatches(_ rule: Rule, _ name: String?, _ address: IPAddress?) -> Bool {
    let forbidden = address.flatMap { ForbiddenAddress($0) }
    switch rule.matcher {
    case .exact(let host): return forbidden == nil && name == host.description
    case .below(let suffix): return forbidden == nil && name?.hasSuffix(".\(suffix)") == true
    case .anyName: return forbidden == nil && name != nil
    case .block(let block):
      return address.map(block.contains) == true && forbidden?.block.contains(block) != false
    }
  }

  func portMatches(_ rule: Rule, _ port: UInt16) -> Bool {
    rule.ports.isEmpty || rule.ports.contains { $0.contains(port) }
  }

  func methodMatches(_ rule: Rule, _ content: Flow.Content) -> Bool {
    if content.method?.description == "CONNECT" { return false }
    if case .tunnel = content { return true }
    return rule.allowedMethods.isEmpty || content.method.map(rule.allowedMethods.contains) == true
  }

  func decide(_ flow: Flow) -> Outcome {
    let endpoint = flow.destination.endpoint
    return judge(flow.name, endpoint.address, endpoint.port, flow.content)
  }

  func judge(
    _ name: HostName?, _ address: IPAddress?, _ portNumber: UInt16, _ content: Flow.Content
  ) -> Outcome {
    let host = rules.indices.filter { hostMatches(rules[$0], name?.description, address) }
    let port = host.filter { portMatches(rules[$0], portNumber) }
    let match = port.first { methodMatches(rules[$0], content) }
    let isForbidden = address.flatMap { ForbiddenAddress($0) } != nil
    let isConnect = content.method?.description == "CONNECT"
    var hides = false
    var isEncrypted = false
    if case .tls(true) = content {
      isEncrypted = true
      hides = name?.description == "cloudflare-ech.com"
    }
    func denial(_ reason: DenyReason, _ near: Int?, _ missed: NearestMiss.Missed) -> Denial {
      guard let near else { return Denial(reason) }
      return Denial(
        reason, nearestMiss: NearestMiss(ruleIndex: base + near, missed: missed),
        enforcementMode: rules[near].enforcementMode)
    }
    let refusal: Denial
    if isForbidden && host.isEmpty {
      refusal = Denial(.forbiddenAddress)
    } else if isConnect {
      refusal = denial(.methodNotAllowed, port.first ?? host.first, port.isEmpty ? .port : .method)
    } else if let match {
      guard isEncrypted, !(rules[match].allowsEncryptedClientHello ?? !hides) else {
        return .allowed(by: base + match)
      }
      refusal = denial(.encryptedClientHello, match, .clientHello)
    } else if hides {
      refusal = Denial(.encryptedClientHello)
    } else if let near = port.first {
      refusal = denial(
        content.method == nil ? .methodNotVisible : .methodNotAllowed, near, .method)
    } else if let near = host.first {
      refusal = denial(.portNotAllowed, near, .port)
    } else {
      switch content {
      case .http, .tunnel: refusal = Denial(.hostNotAllowed)
      case .tls: refusal = Denial(name == nil ? .noServerName : .hostNotAllowed)
      case .opaque: refusal = Denial(.opaqueProtocol)
      case .silent: refusal = Denial(.peekTimeout)
      }
    }
    guard (refusal.enforcementMode ?? mode) == .monitor, !isForbidden, !isConnect else {
      return .deny(refusal)
    }
    return .allow(match.map { base + $0 }, wouldDeny: refusal)
  }

  /// The rule by which a connection is decided before any byte of it.
  func decideWithoutPeeking(_ endpoint: Endpoint) -> Int? {
    let mayMatch = rules.indices.first { index in
      guard portMatches(rules[index], endpoint.port) else { return false }
      guard case .block = rules[index].matcher else {
        return ForbiddenAddress(endpoint.address) == nil
      }
      return hostMatches(rules[index], nil, endpoint.address)
    }
    guard let mayMatch, case .block = rules[mayMatch].matcher, !rules[mayMatch].ports.isEmpty,
      rules[mayMatch].allowedMethods.isEmpty,
      rules[mayMatch].allowsEncryptedClientHello != false
    else { return nil }
    return base + mayMatch
  }
}

extension Flow.Content {
  fileprivate var method: HTTPMethod? {
    if case .http(let method) = self { method } else { nil }
  }
}

/// Small pools, so that rules and flows meet often.
private enum Pool {
  static let patterns = [
    "*", "example.com", "a.example.com", "*.example.com", "*.a.example.com", "b.example.org",
    "*.example.org", "cloudflare-ech.com", "0.0.0.0/0", "::/0", "10.0.0.0/8", "10.1.0.0/16",
    "10.1.2.3", "127.0.0.0/8", "127.0.0.1", "169.254.169.254", "2001:db8::/32", "2001:db8::1",
    "::1",
    "64:ff9b::/96", "64:ff9b::7f00:1",
  ]
  static let names = [
    "example.com", "a.example.com", "x.a.example.com", "y.x.a.example.com", "aexample.com",
    "b.example.org", "example.org", "cloudflare-ech.com", "other.test",
  ]
  static let addresses = [
    "10.1.2.3", "10.1.2.4", "10.2.0.1", "192.0.2.1", "127.0.0.1", "127.0.0.2", "169.254.169.254",
    "2001:db8::1", "2001:db8::2", "::1", "64:ff9b::7f00:1", "64:ff9b::808:808", "::ffff:10.1.2.3",
  ]
  static let ports: [UInt16] = [0, 22, 80, 443, 8080, 65535]
  /// Mostly about the ports above, with bounds at and beside them.
  static func ports(_ random: inout SeededGenerator) -> [ClosedRange<UInt16>] {
    (0..<[0, 1, 1, 2, 3].randomElement(using: &random)!).map { _ in
      let port = ports.randomElement(using: &random)!
      let first = port &- UInt16.random(in: 0...2, using: &random)
      let last = port &+ [0, 0, 1, 1000].randomElement(using: &random)!
      return first <= port && port <= last ? first...last : port...port
    }
  }
  static let methods = ["GET", "HEAD", "POST", "DELETE", "CONNECT", "get", "PROPFIND"]
  static let methodRules = [[], ["GET"], ["GET", "HEAD"], ["POST", "CONNECT"], ["PROPFIND"]]
}

@Suite("Against a plain reference")
struct ReferenceTests {
  private static func randomRules(
    _ random: inout SeededGenerator, hosts: Int = .max, upTo count: Int = 12
  ) throws -> [Rule] {
    let patterns = Array(Pool.patterns.shuffled(using: &random).prefix(hosts))
    return try (0..<Int.random(in: 0...count, using: &random)).map { _ in
      try rule(
        patterns.randomElement(using: &random)!, ports: Pool.ports(&random),
        methods: Pool.methodRules.randomElement(using: &random)!,
        mode: [nil, nil, .enforce, .monitor].randomElement(using: &random)!,
        encryptedHello: [nil, nil, true, false].randomElement(using: &random)!)
    }
  }

  private static func randomFlow(_ random: inout SeededGenerator) throws -> Flow {
    let address = Pool.addresses.randomElement(using: &random)!
    let port = Pool.ports.randomElement(using: &random)!
    let name = Bool.random(using: &random) ? nil : Pool.names.randomElement(using: &random)
    switch Int.random(in: 0..<7, using: &random) {
    case 0: return try opaque(to: address, port)
    case 1: return try silent(to: address, port)
    case 4:
      return Flow(
        destination: try destination(address, port), name: try name.map { try HostName($0) },
        content: .tunnel)
    case 2, 3: return try tls(name, to: address, port, ech: Bool.random(using: &random))
    default:
      return try http(Pool.methods.randomElement(using: &random)!, name, to: address, port)
    }
  }

  @Test(
    "random rules and flows get the reference's verdict at each of the three ways in",
    arguments: (1...8).map { UInt64($0) })
  func verdicts(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var seen: Set<String> = []
    var early = 0
    for _ in 0..<250 {
      // From no rule at all to many on one host.
      let hosts = Int.random(in: 1...8, using: &random)
      let count = [3, 12, 60].randomElement(using: &random)!
      let sources = [
        "0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3", "10.128.0.0/9",
        "2001:db8::/32", "2001:db8::1",
      ].shuffled(using: &random)
      let rules = try Self.randomRules(&random, hosts: hosts, upTo: count)
      let policies = try sources.prefix(Int.random(in: 0...8, using: &random)).map { source in
        SourcePolicy(
          name: source, sources: [try #require(CIDR(source))],
          rules: RuleList(try Self.randomRules(&random, hosts: hosts, upTo: count)))
      }
      let mode: EnforcementMode = Int.random(in: 0..<4, using: &random) == 0 ? .monitor : .enforce
      let ruleset = Ruleset(rules: rules, policies: policies, enforcementMode: mode)
      for _ in 0..<40 {
        let flow = try Self.randomFlow(&random)
        let source = Pool.addresses.randomElement(using: &random).flatMap { IPAddress($0) }
        let policy = policies.filter { policy in
          source.map { policy.sources[0].contains($0.canonical) } ?? false
        }.max { $0.sources[0].prefixLength < $1.sources[0].prefixLength }
        let before = policies.prefix { $0.name != policy?.name }.map(\.rules.count).reduce(0, +)
        let reference = Reference(
          rules: policy.map { Array($0.rules) } ?? rules,
          base: policy == nil ? 0 : rules.count + before, mode: mode)
        let outcome = Outcome(ruleset.decide(flow, from: source, at: 1))
        #expect(
          outcome == reference.decide(flow),
          "\(reference.rules.map { ($0.pattern, $0.ports) }) \(flow)")
        seen.insert(outcome.reason?.rawValue ?? "allow")

        let unseen = ruleset.decideWithoutPeeking(flow.destination, from: source, at: 1)
        let expected = reference.decideWithoutPeeking(flow.destination.endpoint)
        switch consume unseen {
        case nil: #expect(expected == nil)
        case .some(let verdict):
          #expect(Outcome(verdict) == expected.map { .allowed(by: $0) })
          early += 1
        }

        guard let name = flow.name else { continue }
        let port = flow.destination.endpoint.port
        let prospect = Outcome(
          ruleset.decideBeforeResolving(name, port: port, content: flow.content, from: source))
        if case .tls = flow.content { continue }
        #expect(prospect == reference.judge(name, nil, port, flow.content))
      }
    }
    // The generator reaches every answer that deciding can give.
    #expect(
      seen == [
        "allow", "host-not-allowed", "port-not-allowed", "method-not-allowed",
        "method-not-visible", "no-server-name", "opaque-protocol", "peek-timeout",
        "forbidden-address", "encrypted-client-hello",
      ])
    #expect(early > 30)
  }

  @Test(
    "what is decided before any byte is what any bytes would lead to",
    arguments: [5, 6] as [UInt64])
  func withoutPeeking(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var decided = 0
    for _ in 0..<3000 {
      let ruleset = Ruleset(try Self.randomRules(&random))
      let flow = try Self.randomFlow(&random)
      let endpoint = flow.destination.endpoint
      guard let verdict = ruleset.decideWithoutPeeking(flow.destination, from: nil, at: nil) else {
        continue
      }
      decided += 1
      let early = Outcome(verdict)
      #expect(early == ruleset.outcome(try silent(to: endpoint.address.description, endpoint.port)))
      if flow.method?.isConnect != true, ruleset.outcome(flow).reason != .encryptedClientHello {
        #expect(early == ruleset.outcome(flow))
      }
    }
    #expect(decided > 20)
  }

  @Test("the suggested rule, added at the end, allows the flow", arguments: [7, 8] as [UInt64])
  func suggestions(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var suggested = 0
    for _ in 0..<3000 {
      let rules = try Self.randomRules(&random)
      let flow = try Self.randomFlow(&random)
      guard case .deny(let denial) = Ruleset(rules).outcome(flow) else { continue }
      guard let suggestion = denial.suggestedRule(for: flow) else {
        #expect(
          flow.method?.isConnect == true || denial.reason == .encryptedClientHello
            || flow.name?.description == "cloudflare-ech.com")
        continue
      }
      suggested += 1
      let added = try rule(
        suggestion.hostPattern, ports: [suggestion.port...suggestion.port],
        methods: suggestion.allowedMethods.map(\.description))
      #expect(
        Ruleset(rules + [added]).outcome(flow) == .allowed(by: rules.count),
        "\(suggestion) for \(flow)")
    }
    #expect(suggested > 1000)
  }
}
