package import Addressing

/// One entry of an allowlist: what it admits where host, port and method all match.
///
/// For who writes and reads rules; what is kept of many of them is a `RuleList`.
package struct Rule: Sendable {
  /// For people: audit records, `check` and metrics call the rule by it.
  package let name: String
  /// The host pattern as the document spells it.
  package let pattern: String
  package let matcher: HostMatcher
  /// Empty admits any port.
  package let ports: [ClosedRange<UInt16>]
  /// Empty admits any method, and flows whose method can't be seen.
  package let allowedMethods: [HTTPMethod]
  /// Whether HTTP requests it admits say to the server who sends them.
  package let identityHeaders: Bool
  /// What becomes of flows that fail by this rule; nil: what the document says of all.
  package let enforcementMode: EnforcementMode?
  package let rateLimit: RateLimit?
  /// True admits encrypted hellos behind names that stand for others too, false admits none at all.
  package let allowsEncryptedClientHello: Bool?

  package init(
    name: String, pattern: String, matcher: HostMatcher, ports: [ClosedRange<UInt16>] = [],
    allowedMethods: [HTTPMethod] = [], identityHeaders: Bool = false,
    enforcementMode: EnforcementMode? = nil, rateLimit: RateLimit? = nil,
    allowsEncryptedClientHello: Bool? = nil
  ) {
    self.name = name
    self.pattern = pattern
    self.matcher = matcher
    self.ports = ports
    self.allowedMethods = allowedMethods
    self.identityHeaders = identityHeaders
    self.enforcementMode = enforcementMode
    self.rateLimit = rateLimit
    self.allowsEncryptedClientHello = allowsEncryptedClientHello
  }
}

/// An allowlist of its own for the flows of certain clients, as behind a gateway.
package struct SourcePolicy: Sendable {
  package let name: String
  /// Where the flows come from. Of all policies' blocks the longest that holds a flow's source
  /// selects.
  package let sources: [CIDR]
  package let rules: RuleList

  package init(name: String, sources: [CIDR], rules: RuleList) {
    self.name = name
    self.sources = sources
    self.rules = rules
  }
}
