import Addressing
package import Configuration
import Policy
package import Telemetry

extension Document {
  /// Appends the configuration in force as JSON: the document's keys, every default filled in. A
  /// value that is found out elsewhere, such as the resolvers, is null; ports and blocks are merged.
  ///
  /// It holds no secret: the document has only the paths of their files.
  ///
  /// - Parameter workers: how many there are, whoever said so.
  package func appendJSON(workers: Int, to text: inout TextBuffer) {
    var writer = JSONWriter()
    writer.object { writer in
      writer.string("workspaceId", workspaceId)
      writer.number("proxyPort", proxyPort)
      writer.number("inboundPort", inboundPort)
      writer.number("adminPort", adminPort)
      writer.number("healthPort", healthPort ?? 0)
      writer.number("dnsPort", dnsPort)
      writer.number("workers", workers)
      writer.string("enforcementMode", enforcementMode.rawValue)
      writer.string("onReload", onReload.rawValue)
      writer.object("admin") { $0.numbers("allowUIDs", admin.allowUIDs) }
      writer.object("egress") { $0.append(egress) }
      writer.object("limits") { $0.append(limits) }
      writer.object("audit") { $0.append(audit) }
      if let mtls {
        writer.object("mtls") { $0.append(mtls) }
      } else {
        writer.string("mtls", nil)
      }
      writer.object("inbound") { $0.append(inbound) }
      writer.object("capture") { $0.append(capture) }
    }
    text.append(writer.text.bytes)
    text.append("\n")
  }
}

extension JSONWriter {
  fileprivate mutating func append(_ egress: Egress) {
    boolean("injectTraceContext", egress.injectTraceContext)
    boolean("explicitProxy", egress.explicitProxy)
    boolean("reportWouldDeny", egress.reportWouldDeny)
    rules(egress.rules)
    list("policies") { writer in
      for policy in egress.policies {
        writer.object { writer in
          writer.string("name", policy.name)
          writer.strings("sources", policy.sources.map(\.description))
          writer.rules(policy.rules)
        }
      }
    }
  }

  private mutating func rules(_ rules: RuleList) {
    list("allowlist") { writer in
      for index in 0..<rules.count { writer.object { $0.append(rules[index]) } }
    }
  }

  private mutating func append(_ rule: Rule) {
    string("name", rule.name)
    string("hostPattern", rule.pattern)
    ports("ports", rule.ports)
    strings("allowedMethods", rule.allowedMethods.map(\.description))
    boolean("identityHeaders", rule.identityHeaders)
    string("enforcementMode", rule.enforcementMode?.rawValue)
    if let limit = rule.rateLimit {
      object("rateLimit") { writer in
        writer.literal("perSecond", limit.perSecondText)
        writer.number("burst", limit.burst)
      }
    } else {
      string("rateLimit", nil)
    }
    boolean("allowEncryptedClientHello", rule.allowsEncryptedClientHello)
  }

  fileprivate mutating func append(_ limits: Limits) {
    seconds("peekSeconds", limits.peek)
    number("peekBytes", limits.peekBytes)
    seconds("requestHeadSeconds", limits.requestHead)
    number("requestHeadBytes", limits.requestHeadBytes)
    number("requestHeadFields", limits.requestHeadFields)
    seconds("connectSeconds", limits.connect)
    seconds("idleSeconds", limits.idle)
    seconds("keepAliveSeconds", limits.keepAlive)
    seconds("halfClosedSeconds", limits.halfClosed)
    seconds("drainSeconds", limits.drain)
    number("maxConnections", limits.maxConnections ?? 0)
    number("bufferBytes", limits.bufferBytes)
  }

  mutating func append(_ audit: Audit) {
    let sink =
      switch audit.sink {
      case .stdout: "stdout"
      case .file(let path): path
      case .unix(let path): "unix:\(path)"
      }
    string("sink", sink)
    string("format", audit.format.rawValue)
    string("whenFull", audit.whenFull.rawValue)
  }

  mutating func seconds(_ key: StaticString, _ duration: Duration) {
    literal(key, duration.decimalSeconds)
  }

  mutating func numbers(_ key: StaticString, _ values: some Sequence<some BinaryInteger>) {
    list(key) { writer in
      for value in values { writer.number(nil, value) }
    }
  }

  /// As a document spells them.
  mutating func ports(_ key: StaticString, _ ranges: [ClosedRange<UInt16>]) {
    list(key) { writer in
      for range in ranges {
        if range.lowerBound == range.upperBound {
          writer.number(nil, range.lowerBound)
        } else {
          writer.string(nil, "\(range.lowerBound)-\(range.upperBound)")
        }
      }
    }
  }
}

extension RateLimit {
  /// A decimal number, exact.
  fileprivate var perSecondText: String {
    let (whole, billionths) = billionthsPerSecond.quotientAndRemainder(dividingBy: 1_000_000_000)
    if billionths == 0 { return "\(whole)" }
    var digits = "\(billionths + 1_000_000_000)".dropFirst()
    while digits.last == "0" { digits = digits.dropLast() }
    return "\(whole).\(digits)"
  }
}
