import Addressing
import Policy
import SeededRandom
import Testing

/// The semantics of docs/policy.md in the fewest words, slow and plain.
private struct Reference {
  let rules: [Rule]
  let mode: EnforcementMode

  func hostMatches(_ rule: Rule, _ flow: Flow) -> Bool {
    let forbidden = ForbiddenAddress(flow.destination.endpoint.address)
    let name = flow.name?.description
    switch rule.matcher {
    case .exact(let host): return forbidden == nil && name == host.description
    case .below(let suffix): return forbidden == nil && name?.hasSuffix(".\(suffix)") == true
    case .anyName: return forbidden == nil && name != nil
    case .block(let block):
      return block.contains(flow.destination.endpoint.address)
        && (forbidden == nil || forbidden!.block.contains(block))
    }
  }

  func portMatches(_ rule: Rule, _ flow: Flow) -> Bool {
    rule.ports.isEmpty || rule.ports.contains { $0.contains(flow.destination.endpoint.port) }
  }

  func methodMatches(_ rule: Rule, _ flow: Flow) -> Bool {
    if flow.method?.description == "CONNECT" { return false }
    if case .tunnel = flow.content { return true }
    return rule.allowedMethods.isEmpty || flow.method.map(rule.allowedMethods.contains) == true
  }

  func decide(_ flow: Flow) -> Outcome {
    let host = rules.indices.filter { hostMatches(rules[$0], flow) }
    let port = host.filter { portMatches(rules[$0], flow) }
    let match = port.first { methodMatches(rules[$0], flow) }
    let isForbidden = ForbiddenAddress(flow.destination.endpoint.address) != nil
    let isConnect = flow.method?.description == "CONNECT"
    var hidden = false
    if case .tls(true) = flow.content { hidden = flow.name?.description == "cloudflare-ech.com" }

    let denial: Denial
    if isForbidden && host.isEmpty {
      denial = Denial(.forbiddenAddress)
    } else if hidden {
      denial = Denial(
        .encryptedClientHello,
        nearestMiss: match.map { NearestMiss(ruleIndex: $0, missed: .clientHello) })
    } else if let match {
      return .allowed(by: match)
    } else if let near = port.first {
      denial = Denial(
        flow.method == nil ? .methodNotVisible : .methodNotAllowed,
        nearestMiss: NearestMiss(ruleIndex: near, missed: .method))
    } else if let near = host.first {
      denial = Denial(
        isConnect ? .methodNotAllowed : .portNotAllowed,
        nearestMiss: NearestMiss(ruleIndex: near, missed: .port))
    } else {
      switch flow.content {
      case .http: denial = Denial(isConnect ? .methodNotAllowed : .hostNotAllowed)
      case .tls: denial = Denial(flow.name == nil ? .noServerName : .hostNotAllowed)
      case .opaque: denial = Denial(.opaqueProtocol)
      case .silent: denial = Denial(.peekTimeout)
      case .tunnel: denial = Denial(.hostNotAllowed)
      }
    }
    let lenient = mode == .monitor && !isForbidden && !isConnect
    return lenient ? .allow(match, wouldDeny: denial) : .deny(denial)
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
  static let portRules: [[ClosedRange<UInt16>]] = [
    [], [], [80...80], [443...443], [80...80, 443...443], [1...1023], [8000...8099, 22...22],
    [0...65535],
  ]
  static let methods = ["GET", "HEAD", "POST", "DELETE", "CONNECT", "get", "PROPFIND"]
  static let methodRules = [[], [], ["GET"], ["GET", "HEAD"], ["POST", "CONNECT"], ["PROPFIND"]]
}

@Suite("Against a plain reference")
struct ReferenceTests {
  private static func randomRules(_ random: inout SeededGenerator) throws -> [Rule] {
    try (0..<Int.random(in: 0...12, using: &random)).map { _ in
      try rule(
        Pool.patterns.randomElement(using: &random)!,
        ports: Pool.portRules.randomElement(using: &random)!,
        methods: Pool.methodRules.randomElement(using: &random)!)
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

  @Test("random rules and flows get the reference's verdict", arguments: [1, 2, 3, 4] as [UInt64])
  func verdicts(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var seen: Set<String> = []
    for _ in 0..<400 {
      let rules = try Self.randomRules(&random)
      let mode: EnforcementMode = Int.random(in: 0..<4, using: &random) == 0 ? .monitor : .enforce
      let ruleset = Ruleset(rules: rules, enforcementMode: mode)
      let reference = Reference(rules: rules, mode: mode)
      for _ in 0..<25 {
        let flow = try Self.randomFlow(&random)
        let outcome = ruleset.outcome(flow)
        #expect(outcome == reference.decide(flow), "\(rules.map(\.pattern)) \(flow)")
        seen.insert(outcome.reason?.rawValue ?? "allow")
      }
    }
    // The generator reaches every answer that deciding can give.
    #expect(
      seen == [
        "allow", "host-not-allowed", "port-not-allowed", "method-not-allowed",
        "method-not-visible", "no-server-name", "opaque-protocol", "peek-timeout",
        "forbidden-address", "encrypted-client-hello",
      ])
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
    #expect(decided > 50)
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
