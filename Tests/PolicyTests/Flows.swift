import Addressing
import Policy
import Testing

/// Shorthand in which the tests of this target write down rules and flows.
func rule(
  _ pattern: String, ports: [ClosedRange<UInt16>] = [], methods: [String] = [],
  mode: EnforcementMode? = nil, limit: RateLimit? = nil, encryptedHello: Bool? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) throws -> Rule {
  Rule(
    name: pattern, pattern: pattern, matcher: try HostMatcher.parse(pattern).matcher, ports: ports,
    allowedMethods: try methods.map {
      try #require(HTTPMethod($0), sourceLocation: sourceLocation)
    }, enforcementMode: mode, rateLimit: limit, allowsEncryptedClientHello: encryptedHello)
}

func destination(_ address: String, _ port: UInt16) throws -> OriginalDestination {
  OriginalDestination(Endpoint(address: try #require(IPAddress(address)), port: port))
}

func http(
  _ method: String, _ name: String?, to address: String = "203.0.113.7", _ port: UInt16 = 80
) throws -> Flow {
  Flow(
    destination: try destination(address, port), name: try name.map { try HostName($0) },
    content: .http(method: try #require(HTTPMethod(method))))
}

func tls(
  _ name: String?, to address: String = "203.0.113.7", _ port: UInt16 = 443, ech: Bool = false
) throws -> Flow {
  Flow(
    destination: try destination(address, port), name: try name.map { try HostName($0) },
    content: .tls(encryptedClientHello: ech))
}

func opaque(to address: String, _ port: UInt16) throws -> Flow {
  Flow(destination: try destination(address, port), name: nil, content: .opaque)
}

func silent(to address: String, _ port: UInt16) throws -> Flow {
  Flow(destination: try destination(address, port), name: nil, content: .silent)
}

/// A verdict as a value that can be compared.
enum Outcome: Equatable, CustomStringConvertible {
  case allow(Int?, wouldDeny: Denial?)
  case deny(Denial)

  init(_ verdict: consuming Verdict) {
    switch consume verdict {
    case .allow(let permit, let denial): self = .allow(permit.ruleIndex, wouldDeny: denial)
    case .deny(let denial): self = .deny(denial)
    }
  }

  /// A prospect in the words of a verdict.
  init(_ prospect: Prospect) {
    switch prospect {
    case .mayPass(let rule, let denial): self = .allow(rule, wouldDeny: denial)
    case .deny(let denial): self = .deny(denial)
    }
  }

  static func allowed(by rule: Int) -> Outcome { .allow(rule, wouldDeny: nil) }

  static func denied(_ reason: DenyReason, miss: NearestMiss? = nil) -> Outcome {
    .deny(Denial(reason, nearestMiss: miss))
  }

  var reason: DenyReason? {
    switch self {
    case .allow(_, let denial): denial?.reason
    case .deny(let denial): denial.reason
    }
  }

  var description: String {
    switch self {
    case .allow(let rule, let denial):
      "allow(\(rule.map(String.init) ?? "-")\(denial.map { ", would deny \($0.reason)" } ?? ""))"
    case .deny(let denial): "deny(\(denial.reason), \(String(describing: denial.nearestMiss)))"
    }
  }
}

extension Ruleset {
  convenience init(_ rules: [Rule]) { self.init(rules: rules, enforcementMode: .enforce) }

  func outcome(_ flow: Flow) -> Outcome { Outcome(decide(flow, from: nil, at: nil)) }

  func outcomeWithoutPeeking(_ address: String, _ port: UInt16) throws -> Outcome? {
    guard
      let verdict = decideWithoutPeeking(try destination(address, port), from: nil, at: nil)
    else { return nil }
    return Outcome(verdict)
  }
}
