/// How connections that arrive from outside are taken.
package enum InboundMode: String, CaseIterable, Sendable {
  /// Not at all: nothing listens.
  case off
  /// Over mutual TLS, or in plain text where a rule admits anyone.
  case permissive
  /// Over mutual TLS only, but for what is declared to be plain text.
  case strict
}

/// Whom the workload may be reached by: one entry of `inbound.allow`.
package struct InboundRule: Hashable, Sendable {
  /// For people: audit records call the rule by it.
  package let name: String
  /// Nil admits every peer whose certificate is trusted and, in permissive mode, whoever shows none.
  package let peer: SPIFFEIDPattern?
  /// Of the workload. Empty admits any.
  package let ports: [ClosedRange<UInt16>]
  /// Empty admits any method, and traffic whose method can't be seen.
  package let allowedMethods: [HTTPMethod]

  package init(
    name: String, peer: SPIFFEIDPattern?, ports: [ClosedRange<UInt16>] = [],
    allowedMethods: [HTTPMethod] = []
  ) {
    self.name = name
    self.peer = peer
    self.ports = ports
    self.allowedMethods = allowedMethods
  }
}

/// A health check that is let in without a certificate: kubelets have none.
package struct InboundProbe: Hashable, Sendable {
  package let port: UInt16
  /// The whole request target, query included, as the probe sends it: begins with `/`.
  package let path: String

  package init(port: UInt16, path: String) {
    self.port = port
    self.path = path
  }
}
