package import Addressing

/// What is known of a connection, or of one HTTP request on it, when it is judged.
package struct Flow: Sendable {
  /// What the workload's first bytes turned out to be.
  package enum Content: Sendable {
    case http(method: HTTPMethod)
    case tls(encryptedClientHello: Bool)
    /// Bytes that are neither TLS nor HTTP/1.
    case opaque
    /// No byte, or too few to tell, before the peek's deadline.
    case silent
  }

  package var destination: OriginalDestination
  /// The name the workload gave in SNI or Host; nil where it gave none or an address literal.
  package var name: HostName?
  package var content: Content

  package init(destination: OriginalDestination, name: HostName?, content: Content) {
    self.destination = destination
    self.name = name
    self.content = content
  }

  package var method: HTTPMethod? {
    if case .http(let method) = content { method } else { nil }
  }
}
