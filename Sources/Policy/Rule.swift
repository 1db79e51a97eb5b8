/// One entry of the allowlist: what it admits where host, port and method all match.
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

  package init(
    name: String, pattern: String, matcher: HostMatcher, ports: [ClosedRange<UInt16>] = [],
    allowedMethods: [HTTPMethod] = [], identityHeaders: Bool = false
  ) {
    self.name = name
    self.pattern = pattern
    self.matcher = matcher
    self.ports = ports
    self.allowedMethods = allowedMethods
    self.identityHeaders = identityHeaders
  }
}
