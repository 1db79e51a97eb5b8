package import Policy

/// The configuration of one workload, read by both programs: checked, with every default filled
/// in. What is here is usable as it stands.
package struct Document: Sendable {
  /// Scopes tokens, policy and audit. 1 to 128 letters, digits, `.`, `_` and `-`.
  package var workspaceId: String
  package var proxyPort: UInt16
  package var inboundPort: UInt16
  package var adminPort: UInt16
  /// Nil: no health port.
  package var healthPort: UInt16?
  package var dnsPort: UInt16
  /// Nil: as many as the CPU limit of the cgroup allows.
  package var workers: Int?
  package var enforcementMode: EnforcementMode
  package var onReload: OnReload
  package var admin: Admin
  package var egress: Egress
  package var limits: Limits
  package var audit: Audit
  /// Nil: the workload has no identity.
  package var mtls: MutualTLS?
  /// Whatever its mode, there is an identity unless it is off.
  package var inbound: Inbound
  package var capture: Capture
}

/// What a new policy means for connections that are open.
package enum OnReload: String, CaseIterable, Sendable { case keep, recheck }

/// A document and what its author should hear about it.
package struct Loaded: Sendable {
  package var document: Document
  /// In the order of their positions.
  package var warnings: [Diagnostic]
  /// Of the text that it was read from.
  package var fingerprint: Fingerprint
}

extension Document {
  /// Reads and checks the file at `path`, which must be a regular one of at most 16 MiB. Blocks
  /// for as long as the disk does; any thread.
  package static func load(path: String) throws(ConfigurationFailure) -> Loaded {
    try parse(try read(path: path), file: path)
  }

  /// The bytes of the file at `path`, under the same conditions as `load`.
  package static func read(path: String) throws(ConfigurationFailure) -> [UInt8] {
    try DocumentFile.read(path)
  }

  /// Reads and checks a text with the flags' values in place of its own; `file` is what its
  /// diagnostics call it.
  package static func parse(
    _ bytes: [UInt8], file: String, flags: [DocumentFlag] = []
  ) throws(ConfigurationFailure) -> Loaded {
    let findings = Findings(file: file, flags: flags)
    var root = TreeBuilder.tree(of: bytes, findings)
    root?.override(by: flags, findings)
    if let root, root.isDocument(findings),
      let document = DocumentSection.type.read(root, findings), !findings.hasErrors
    {
      return Loaded(
        document: document, warnings: findings.sortedWarnings, fingerprint: Fingerprint(of: bytes))
    }
    throw .invalid(findings.sortedErrors)
  }

  /// The keys of the document, from which its documentation and suggestions are made.
  package static var schema: [KeyDeclaration] { DocumentSection.keys }
}

extension Node {
  /// Reports a text that is YAML, but of another kind, such as a file that was named by mistake.
  /// That file may be a secret: nothing of it is shown.
  fileprivate func isDocument(_ findings: Findings) -> Bool {
    switch content {
    case .mapping: return true
    case .refused: return false
    case .scalar(let scalar) where scalar.isNull:
      findings.error("the document is empty", at: position)
    case .scalar:
      findings.error("this is no configuration: a single text and no keys", at: position)
    case .sequence:
      findings.error("this is no configuration: a list and no keys", at: position)
    }
    return false
  }
}
