package import Policy

/// What may leave, and how.
package struct Egress: Sendable {
  /// Whether requests are given a trace context, or the one they have is continued.
  package var injectTraceContext: Bool
  /// Whether the workload may speak to the proxy as to an HTTP proxy.
  package var explicitProxy: Bool
  /// Whether responses say that monitor mode let their requests pass.
  package var reportWouldDeny: Bool
  /// In the document's order; the first match wins. Empty denies everything.
  package var rules: RuleList
  /// Allowlists that hold in place of `rules` for what comes from certain blocks.
  package var policies: [SourcePolicy]

  package init(
    injectTraceContext: Bool, explicitProxy: Bool = false, rules: RuleList,
    policies: [SourcePolicy] = [], reportWouldDeny: Bool = false
  ) {
    self.injectTraceContext = injectTraceContext
    self.explicitProxy = explicitProxy
    self.reportWouldDeny = reportWouldDeny
    self.rules = rules
    self.policies = policies
  }
}

/// `egress:`
enum EgressSection {
  static let injectTraceContext = Key(
    "injectTraceContext", .boolean, default: true,
    "Whether HTTP requests are given a `traceparent`. A valid one is continued, not replaced.")
  static let explicitProxy = Key(
    "explicitProxy", .boolean, default: false,
    "Whether `proxyPort` also takes CONNECT and absolute-form requests that are made to it on "
      + "loopback, as by `HTTPS_PROXY=http://127.0.0.1:15001`. The sidecar then resolves the name.")
  static let reportWouldDeny = Key(
    "reportWouldDeny", .boolean, default: false,
    "Whether an HTTP response is given `x-portarium-would-deny` with the reason where its request "
      + "was let pass by monitor mode alone. A server's own field of that name is removed.")
  static let allowlist = Key(
    "allowlist", .allowlist, default: RuleList(), shown: "empty",
    "The rules. The first whose host, port and method all match admits the traffic; what none "
      + "admits is denied.")
  static let policies = Key(
    "policies", .policies, default: [], shown: "none",
    "Allowlists for certain clients, as behind a gateway: each takes the place of "
      + "`egress.allowlist` for what comes from its `sources`.")

  static let keys = [
    injectTraceContext.declaration, explicitProxy.declaration, reportWouldDeny.declaration,
    allowlist.declaration, policies.declaration,
  ]

  static let type: ValueType<Egress> = .section(keys) { section in
    let egress = Egress(
      injectTraceContext: section.read(injectTraceContext),
      explicitProxy: section.read(explicitProxy), rules: section.read(allowlist),
      policies: section.read(policies), reportWouldDeny: section.read(reportWouldDeny))
    if egress.rules.isEmpty, egress.policies.isEmpty {
      section.warning("no rule admits anything: every connection will be denied", at: allowlist)
    }
    return egress
  }
}
