internal import Addressing
internal import Policy

/// `egress.allowlist[]:` and the rules of policies.
enum AllowlistRuleSection {
  static let name = Key(
    "name", .text("a name of 1 to 128 printable characters", complaint: complaint(ofName:)),
    otherwise: "the pattern", "What audit records and error messages call the rule.")
  static let hostPattern = Key(
    required: "hostPattern", .hostPattern,
    "Whom the rule is about: a name, `*.suffix` (every name below it, not the suffix itself), "
      + "`*` (any name), an address or a CIDR block.")
  static let port = Key(
    "port", .port, otherwise: "any port", "The destination port. Not together with `ports`.")
  static let ports = Key(
    "ports", .portRanges, otherwise: "any port",
    "The destination ports: numbers and ranges such as `8000-8099`. Not together with `port`.")
  static let allowedMethods = Key(
    "allowedMethods", .list(of: .method), default: [], shown: "any method",
    "HTTP methods, upper and lower case told apart. A rule with methods never admits traffic "
      + "whose method can't be seen, such as TLS.")
  static let identityHeaders = Key(
    "identityHeaders", .boolean, default: false,
    "Whether HTTP requests that the rule admits are given `x-portarium-workspace-id`, so that the "
      + "server knows who sends them. What the workload sends under `x-portarium-` is removed "
      + "whatever the rule says.")

  static let enforcementMode: Key<EnforcementMode?> = Key(
    "enforcementMode", .word, otherwise: "the document's",
    "The mode for what this rule refuses: by its rate limit, its encrypted hellos, or because it "
      + "is the nearest miss. So one rule can be tried out while the others are enforced.")
  static let rateLimit = Key(
    "rateLimit", RateLimitSection.type, otherwise: "no limit",
    "How often the rule may be used, by requests or by connections that carry none. What is more is "
      + "denied `rate-limited`.")
  static let allowEncryptedClientHello = Key(
    "allowEncryptedClientHello", .boolean,
    otherwise: "not behind names that stand for others",
    "`true` admits encrypted hellos behind every name that the rule matches, `false` behind none.")

  static let keys = [
    name.declaration, hostPattern.declaration, port.declaration, ports.declaration,
    allowedMethods.declaration, identityHeaders.declaration, enforcementMode.declaration,
    rateLimit.declaration, allowEncryptedClientHello.declaration,
  ]

  static let type: ValueType<Rule> = .section(keys) { section in
    let givenName = section.read(name)
    let pattern = section.read(hostPattern)
    let onePort = section.read(port)
    let manyPorts = section.read(ports)
    let methods = section.read(allowedMethods)
    let identity = section.read(identityHeaders)
    let mode = section.read(enforcementMode)
    let limit = section.read(rateLimit)
    let encrypted = section.read(allowEncryptedClientHello)
    if section.position(of: port) != nil, section.position(of: ports) != nil {
      section.error("port and ports exclude each other; list the port in ports", at: ports)
    }
    guard let pattern else { return nil }
    let rule = Rule(
      name: givenName ?? pattern.text, pattern: pattern.text, matcher: pattern.matcher,
      ports: onePort.map { [$0...$0] } ?? manyPorts ?? [], allowedMethods: methods,
      identityHeaders: identity, enforcementMode: mode, rateLimit: limit,
      allowsEncryptedClientHello: encrypted)
    if rule.decidesUnseen {
      section.warning(
        "traffic to this address and port is relayed before any byte of it is read, so HTTP in "
          + "it is not judged; name allowedMethods to have it judged", at: hostPattern)
    }
    return rule
  }

  @Sendable static func complaint(ofName name: String) -> String? {
    guard (1...128).contains(name.unicodeScalars.count) else {
      return "must be 1 to 128 characters long"
    }
    let printable = name.unicodeScalars.allSatisfy(\.isPrintable)
    return printable ? nil : "must not hold control or invisible characters"
  }
}

extension Rule {
  /// Nothing that such a rule asks about can be learnt from the flow's bytes.
  fileprivate var decidesUnseen: Bool {
    guard case .block = matcher else { return false }
    return !ports.isEmpty && allowedMethods.isEmpty && allowsEncryptedClientHello != false
  }
}
