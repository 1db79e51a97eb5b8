internal import Addressing
package import Configuration
internal import Policy

/// The keys that a running sidecar can't bring into force: its ports, threads and buffers are there
/// already. Every other key takes effect at a reload.
package enum RestartKeys {
  /// Those in which `new` differs from what the process was started with, in the order of the
  /// documentation.
  package static func changed(from started: Document, to new: Document) -> [String] {
    all.filter { $0.differ(started, new) }.map(\.path)
  }

  package static var paths: [String] { all.map(\.path) }

  private struct Key: Sendable {
    var path: String
    var differ: @Sendable (Document, Document) -> Bool

    init<Value: Equatable & Sendable>(
      _ path: String, _ value: @escaping @Sendable (Document) -> Value
    ) {
      self.path = path
      differ = { value($0) != value($1) }
    }
  }

  private static let all: [Key] = [
    Key("workspaceId") { $0.workspaceId },
    Key("proxyPort") { $0.proxyPort },
    Key("inboundPort") { $0.inboundPort },
    Key("adminPort") { $0.adminPort },
    Key("healthPort") { $0.healthPort },
    Key("dnsPort") { $0.dnsPort },
    Key("workers") { $0.workers },
    Key("admin.allowUIDs") { $0.admin.allowUIDs },
    Key("egress.explicitProxy") { $0.egress.explicitProxy },
    Key("limits.peekSeconds") { $0.limits.peek },
    Key("limits.peekBytes") { $0.limits.peekBytes },
    Key("limits.requestHeadSeconds") { $0.limits.requestHead },
    Key("limits.requestHeadBytes") { $0.limits.requestHeadBytes },
    Key("limits.requestHeadFields") { $0.limits.requestHeadFields },
    Key("limits.connectSeconds") { $0.limits.connect },
    Key("limits.idleSeconds") { $0.limits.idle },
    Key("limits.keepAliveSeconds") { $0.limits.keepAlive },
    Key("limits.halfClosedSeconds") { $0.limits.halfClosed },
    Key("limits.maxConnections") { $0.limits.maxConnections },
    Key("limits.bufferBytes") { $0.limits.bufferBytes },
    Key("audit.sink") { $0.audit.sink },
    Key("audit.format") { $0.audit.format },
    Key("audit.whenFull") { $0.audit.whenFull },
    Key("mtls") { $0.mtls },
    Key("inbound.mode") { $0.inbound.mode },
    // Programmed by portarium-init; some of it says where the sidecar listens.
    Key("capture") { $0.capture },
  ]
}

extension Document {
  /// All but the rules, which may be many.
  package var withoutRules: Document {
    var document = self
    document.egress.rules = RuleList()
    document.egress.policies = []
    return document
  }

  /// What is in force where `new` was loaded by a process that was started with this document.
  func reloaded(as new: Document) -> Document {
    var document = self
    document.enforcementMode = new.enforcementMode
    document.onReload = new.onReload
    document.egress = new.egress
    document.egress.explicitProxy = egress.explicitProxy
    document.limits.drain = new.limits.drain
    document.inbound = new.inbound
    document.inbound.mode = inbound.mode
    return document
  }
}
